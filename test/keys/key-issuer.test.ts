import { describe, expect, it } from 'vitest'
import { createVerifier, oauth, type Issuer } from '../../src/index.js'
import { entra } from '../../src/providers/presets/index.js'
import { manualClock, NOW } from '../support/clock.js'
import { keyOf, seal } from '../support/tokens/forge.js'
import { outcomeOf, refusalOf } from '../support/outcomes.js'

const [OWN, OTHER] = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'] as const
const LOGIN = 'https://login.microsoftonline.com'
const v1 = (tenant: string): string => `https://sts.windows.net/${tenant}/`
const v2 = (tenant: string): string => `${LOGIN}/${tenant}/v2.0`
const AUDIENCE = 'api://orders'
const KEY = keyOf('ES256', 'shared')

const keysWith = (issuer: unknown): object[] => [{ ...KEY.jwk, issuer }]

function tokenWith(iss: string | undefined, header: object = { kid: KEY.kid }): string {
  const claims = { aud: AUDIENCE, azp: 'billing', oid: 's', sub: 's', idtyp: 'app', iat: NOW, exp: NOW + 60 }
  return seal(KEY, { alg: 'ES256', typ: 'JWT', ...header }, { iss, ...claims })
}

const served = (keys: readonly object[]) => ({ fetch: () => Promise.resolve(Response.json({ keys })) })

const ISSUERS: readonly (readonly [string, (keys: readonly object[]) => Issuer])[] = [
  ['entra with one tenant', (keys) => entra({ tenant: OWN, audience: AUDIENCE, ...served(keys) })],
  [
    'entra with a list of tenants',
    (keys) => entra({ tenant: [OWN, OTHER], audience: AUDIENCE, ...served(keys) }),
  ],
  [
    'oauth with jwksUri',
    (keys) =>
      oauth({ issuer: v2(OWN), jwksUri: `${LOGIN}/common/keys`, audience: AUDIENCE, ...served(keys) }),
  ],
  ['oauth with jwks', (keys) => oauth({ issuer: v2(OWN), jwks: { keys }, audience: AUDIENCE })],
  [
    'oauth with tenants',
    (keys) =>
      oauth({ issuer: `${LOGIN}/{tenant}/v2.0`, tenants: [OWN, OTHER], jwks: { keys }, audience: AUDIENCE }),
  ],
]

const verifierOf = (issuer: Issuer) => createVerifier({ issuers: [issuer], clock: manualClock().read })

describe.each(ISSUERS)('a key set that names an issuer for its key, with %s', (_, issuerWith) => {
  it.each([
    ['the issuer of the token', v2(OWN), 'accepted'],
    ['a template', `${LOGIN}/{tenantid}/v2.0`, 'accepted'],
    ['none', undefined, 'accepted'],
    ['another tenant', v2(OTHER), 'key_unknown'],
    ['personal accounts', v2('9188040d-6c67-4c5b-b112-36a304b66dad'), 'key_unknown'],
    ['the template of another host', 'https://login.test/{tenantid}/v2.0', 'key_unknown'],
    ['a template for two segments', `https://login.microsoftonline.com/{tenantid}`, 'key_unknown'],
    ['a placeholder only', '{tenantid}', 'key_unknown'],
    ['a value that is not a string', 7, 'key_unknown'],
  ])('verifies a token only with a key whose issuer is its own: %s', async (_name, issuer, expected) => {
    const verifier = verifierOf(issuerWith(keysWith(issuer)))
    expect(await outcomeOf(verifier.verify(tokenWith(v2(OWN))))).toBe(expected)
    expect(await outcomeOf(verifier.verify(tokenWith(v2(OWN), {})))).toBe(expected)
  })
})

it('keys that name the issuer of version 2 verify the tokens of version 1 of the same Entra tenant only', async () => {
  const verifier = verifierOf(
    entra({ tenant: [OWN, OTHER], audience: AUDIENCE, ...served(keysWith(v2(OWN))) }),
  )
  expect(await outcomeOf(verifier.verify(tokenWith(v1(OWN))))).toBe('accepted')
  expect(await outcomeOf(verifier.verify(tokenWith(v1(OTHER))))).toBe('key_unknown')
})

it('four keys of other issuers with the same kid do not hide the key of the issuer', async () => {
  const others = [1, 2, 3, 4].map((n) => ({
    ...keyOf('ES256', `other ${n}`).jwk,
    kid: KEY.kid,
    issuer: v2(OTHER),
  }))
  const jwks = { keys: [...others, ...keysWith(v2(OWN))] }
  const verifier = verifierOf(oauth({ issuer: v2(OWN), jwks, audience: AUDIENCE }))
  expect(await outcomeOf(verifier.verify(tokenWith(v2(OWN))))).toBe('accepted')
})

it('a token without kid is verified if one key of its issuer has its algorithm', async () => {
  const other = { ...keyOf('ES256', 'other').jwk, issuer: v2(OTHER) }
  const verifier = verifierOf(
    oauth({ issuer: v2(OWN), jwks: { keys: [other, ...keysWith(v2(OWN))] }, audience: AUDIENCE }),
  )
  expect(await outcomeOf(verifier.verify(tokenWith(v2(OWN), {})))).toBe('accepted')
})

it('the detail names both issuers', async () => {
  const verifier = verifierOf(
    oauth({ issuer: v2(OWN), jwks: { keys: keysWith(v2(OTHER)) }, audience: AUDIENCE }),
  )
  const { detail } = await refusalOf(verifier.verify(tokenWith(v2(OWN))))
  expect(detail).toBe(`kid "shared" is listed for the issuer "${v2(OTHER)}", and iss is "${v2(OWN)}"`)
})
