import { expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth, type Issuer } from '../../../src/index.js'
import { spiffe, type SpiffeOptions } from '../../../src/providers/presets/index.js'
import { createTestIssuer, type MintJwtOptions, type TestIssuer } from '../../../src/testing/index.js'
import { manualClock } from '../../support/clock.js'
import { outcomeOf } from '../../support/outcomes.js'
import { presetBed } from './support.js'

const ID = 'spiffe://test.internal/ns/billing/sa/invoices'

async function startIssuer(): Promise<TestIssuer> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  return issuer
}

it.each<[string, MintJwtOptions['claims'], string]>([
  ['no iss', {}, 'accepted'],
  ['any iss', { iss: 'https://spire.test.internal' }, 'accepted'],
  ['another trust domain', { sub: 'spiffe://other.internal/ns/billing/sa/invoices' }, 'issuer_unknown'],
  ['a trust domain that begins like ours', { sub: 'spiffe://test.internal.evil/x' }, 'issuer_unknown'],
  ['no sub', { sub: undefined }, 'issuer_unknown'],
  ['no aud', { aud: undefined }, 'audience_mismatch'],
  ['no exp', { exp: undefined }, 'claim_missing'],
])('a JWT-SVID is routed by the trust domain of its sub: %s', async (_, claims, expected) => {
  const { outcome } = await presetBed('spiffe')
  expect(await outcome({ claims: claims ?? {} })).toBe(expected)
})

it.each<[string, MintJwtOptions['claims'], string]>([
  ['the iss of the rule', { iss: 'https://spire.test.internal' }, 'accepted'],
  ['another iss', { iss: 'https://other.test.internal' }, 'claim_invalid'],
  ['no iss', {}, 'claim_invalid'],
])(
  'the option claims can require an iss, which the specification leaves free: %s',
  async (_, claims, expected) => {
    const { outcome } = await presetBed('spiffe', { claims: { iss: 'https://spire.test.internal' } })
    expect(await outcome({ claims: claims ?? {} })).toBe(expected)
  },
)

it.each([['JWT'], ['JOSE'], [undefined]])('typ %s is accepted', async (typ) => {
  const { outcome } = await presetBed('spiffe')
  expect(await outcome({ header: { typ } })).toBe('accepted')
})

it('typ of another kind of token is refused', async () => {
  const { outcome } = await presetBed('spiffe')
  expect(await outcome({ header: { typ: 'logout+jwt' } })).toBe('type_not_allowed')
})

it.each([
  ['spiffe://test.internal/ns/billing/sa/refunds', 'accepted'],
  ...['', '/x', '%2e%2e/admin', 'a?x', 'a#x', 'x\n', 'a\u202Eb', './x', 'x/'].map(
    (path): [string, string] => [`spiffe://test.internal/ns/billing/${path}`, 'claim_invalid'],
  ),
  ['spiffe://test.internal/ns/billing', 'claim_invalid'],
  ['spiffe://test.internal/ns/billing2/sa/invoices', 'claim_invalid'],
  ['spiffe://test.internal/ns/billing/../admin/sa/x', 'claim_invalid'],
])('a prefix names all ids below a path: %s is %s', async (clientId, expected) => {
  const { outcome } = await presetBed('spiffe', { ids: [{ prefix: 'spiffe://test.internal/ns/billing/' }] })
  expect(await outcome({ clientId })).toBe(expected)
})

it('a bundle can be part of the configuration; keys of X.509-SVIDs are ignored', async () => {
  const issuer = await startIssuer()
  const [key] = issuer.jwks('spiffe').keys
  expect(key!.use).toBe('jwt-svid')
  const bundle = { keys: [{ ...key, kid: 'x', use: 'x509-svid' }, key] }
  const options = issuer.spiffe({ jwksUri: undefined, bundle })
  const verifier = createVerifier({ issuers: [spiffe(options)] })
  expect(await outcomeOf(verifier.verify(issuer.mintJwt({ preset: 'spiffe' })))).toBe('accepted')
  expect(await outcomeOf(verifier.verify(issuer.mintJwt({ preset: 'spiffe', header: { kid: 'x' } })))).toBe(
    'key_unknown',
  )
  expect(issuer.calls.jwks).toBe(0)
})

it.each(['given', 'fetched'])('a key without use in a bundle that is %s is ignored', async (how) => {
  const issuer = await startIssuer()
  const [key] = issuer.jwks('spiffe').keys
  const bundle = {
    keys: [
      { ...key, use: undefined },
      { ...key, kid: 'x', use: 'x509-svid' },
    ],
  }
  const options =
    how === 'given'
      ? issuer.spiffe({ jwksUri: undefined, bundle: JSON.parse(JSON.stringify(bundle)) as typeof bundle })
      : issuer.spiffe({ fetch: () => Promise.resolve(Response.json(bundle)) })
  const outcome = async (): Promise<string> => {
    const verifier = createVerifier({ issuers: [spiffe(options)] })
    onTestFinished(() => verifier.close())
    return outcomeOf(verifier.verify(issuer.mintJwt({ preset: 'spiffe' })))
  }
  if (how === 'given') expect(() => spiffe(options)).toThrow(/^spiffe\.bundle: must contain/)
  else expect(await outcome()).toBe('key_unknown')
})

it('a key set without any use of SVIDs, as of the OIDC discovery provider, verifies', async () => {
  const issuer = await startIssuer()
  const keys = issuer.jwks('spiffe').keys.map((key) => ({ ...(key as object), use: undefined }))
  const fetch = (): Promise<Response> => Promise.resolve(Response.json({ keys }))
  const verifier = createVerifier({ issuers: [spiffe(issuer.spiffe({ fetch }))] })
  onTestFinished(() => verifier.close())
  expect(await outcomeOf(verifier.verify(issuer.mintJwt({ preset: 'spiffe' })))).toBe('accepted')
})

it('a bundle from a URL is refreshed: a withdrawn key is refused, a new one accepted', async () => {
  const clock = manualClock()
  const issuer = await createTestIssuer({ clock: clock.read })
  onTestFinished(() => issuer.close())
  const verifier = createVerifier({ issuers: [spiffe(issuer.spiffe())], clock: clock.read })
  const old = issuer.mintJwt({ preset: 'spiffe' })
  expect(await outcomeOf(verifier.verify(old))).toBe('accepted')
  issuer.rotateKeys()
  expect(await outcomeOf(verifier.verify(issuer.mintJwt({ preset: 'spiffe' })))).toBe('accepted')
  expect(await outcomeOf(verifier.verify(old))).toBe('key_unknown')
})

it('several trust domains have separate keys and callers', async () => {
  const [here, there] = [await startIssuer(), await startIssuer()]
  const elsewhere = ID.replace('test.internal', 'other.internal')
  const other: SpiffeOptions = { ...there.spiffe(), trustDomain: 'other.internal', ids: [elsewhere] }
  const verifier = createVerifier({ issuers: [spiffe(here.spiffe()), spiffe(other)] })
  const mint = (issuer: TestIssuer, clientId: string): string =>
    issuer.mintJwt({ preset: 'spiffe', clientId })
  expect(await outcomeOf(verifier.verify(mint(here, ID)))).toBe('accepted')
  expect(await outcomeOf(verifier.verify(mint(there, elsewhere)))).toBe('accepted')
  // The issuer of one domain has signed an id of the other.
  expect(await outcomeOf(verifier.verify(mint(here, elsewhere)))).toBe('key_unknown')
})

it('beside other issuers, a token with the iss of one of them is not routed by its sub', async () => {
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuers: [oauth(issuer.oauth()), spiffe(issuer.spiffe())] })
  expect(await outcomeOf(verifier.verify(issuer.mintJwt({ preset: 'spiffe' })))).toBe('accepted')
  const claims = { iss: issuer.url }
  expect(await outcomeOf(verifier.verify(issuer.mintJwt({ preset: 'spiffe', claims })))).toBe('key_unknown')
  expect(await outcomeOf(verifier.verify(issuer.mintJwt({ subject: ID })))).toBe('accepted')
})

it.each<[string, (issuer: TestIssuer) => readonly Issuer[]]>([
  ['the same trust domain twice', (by) => [spiffe(by.spiffe()), spiffe(by.spiffe())]],
  ['an overlapping prefix', (by) => [spiffe(by.spiffe()), { ...spiffe(by.spiffe()), name: 'copy' }]],
])('%s is a ConfigurationError', async (_, issuers) => {
  const issuer = await startIssuer()
  expect(() => createVerifier({ issuers: issuers(issuer) })).toThrow(/issuers\[1\]: .*earlier issuer/)
})

it.each([
  [{ issuers: ['https://auth.example.com'] }, /subjectPrefix: has no effect with issuers/],
  [{ subjectPrefix: '' }, /subjectPrefix: must be a non-empty string/],
])('a custom issuer with a subjectPrefix is checked: %j', async (jwt, message) => {
  const issuer = spiffe((await startIssuer()).spiffe())
  const changed = { ...issuer, jwt: { ...issuer.jwt!, ...jwt } }
  expect(() => createVerifier({ issuers: [changed] })).toThrow(message)
})

it('a policy names the trust domain in issuers, and the id in subjects', async () => {
  const { mint, verify } = await presetBed('spiffe')
  const token = mint({ claims: { iss: 'https://spire.test.internal' } })
  expect((await verify(token, { issuers: 'spiffe://test.internal', subjects: ID })).reason).toBeUndefined()
})
