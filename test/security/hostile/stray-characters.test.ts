import { describe, expect, it } from 'vitest'
import { guard } from '../../../adapters/express.js'
import {
  authlete,
  clerk,
  ConfigurationError,
  createVerifier,
  oauth,
  Refusal,
  stytch,
  type Policy,
  type Verifier,
} from '../../../src/index.js'
import { clerkTokenSource, tokenSource } from '../../../src/client/index.js'
import { oauthTokens, stytchClients } from '../../../src/management/index.js'
import { tables } from '../../support/option-tables.js'
import { thrownBy } from '../../support/outcomes.js'

const OAUTH = { issuer: 'https://auth.example.com', audience: 'https://orders.internal' }
const CLIENT = { clientId: 'orders', clientSecret: 'secret' }
const CLERK = { machineSecretKey: 'ak_1', jwtAccess: false } as const
const AUTHLETE = { serviceId: '1', serviceAccessToken: 'token', apiUrl: 'https://us.authlete.com' }
const STYTCH = { projectId: 'project-test-1' }

/** Every option whose value is compared or sent: its name, a good value, and what reads it. */
const OPTIONS: readonly (readonly [string, string, (value: string) => unknown])[] = [
  ['oauth.issuer', OAUTH.issuer, (issuer) => oauth({ ...OAUTH, issuer })],
  ['oauth.audience', 'api', (audience) => oauth({ ...OAUTH, audience })],
  ['oauth.audience', 'api', (audience) => oauth({ ...OAUTH, audience: ['x', audience] })],
  ['oauth.scopeClaims', 'scope', (scopeClaims) => oauth({ ...OAUTH, scopeClaims })],
  ['oauth.jwksUri', 'https://a.test/jwks', (jwksUri) => oauth({ ...OAUTH, jwksUri })],
  [
    'oauth.introspection.clientId',
    'a',
    (clientId) => oauth({ ...OAUTH, introspection: { ...CLIENT, clientId } }),
  ],
  [
    'oauth.introspection.clientSecret',
    'a',
    (clientSecret) => oauth({ ...OAUTH, introspection: { ...CLIENT, clientSecret } }),
  ],
  [
    'oauth.introspection.endpoint',
    'https://a.test/x',
    (endpoint) => oauth({ ...OAUTH, introspection: { ...CLIENT, endpoint } }),
  ],
  [
    'oauth.introspection.opaquePrefix',
    'ref_',
    (opaquePrefix) => oauth({ ...OAUTH, introspection: { ...CLIENT, opaquePrefix } }),
  ],
  ['clerk.machineSecretKey', 'ak_1', (machineSecretKey) => clerk({ ...CLERK, machineSecretKey })],
  ['clerk.senders', 'mch_1', (senders) => clerk({ ...CLERK, senders })],
  ['clerk.machineId', 'mch_1', (machineId) => clerk({ ...CLERK, machineId })],
  ['clerk.issuer', 'https://clerk.test', (issuer) => clerk({ ...CLERK, issuer })],
  [
    'clerk.jwtAccess.senders',
    'mch_1',
    (senders) => clerk({ ...CLERK, issuer: 'https://clerk.test', jwtAccess: { senders } }),
  ],
  ['stytch.projectId', 'project-test-1', (projectId) => stytch({ projectId })],
  ['stytch.customDomain', 'login.test', (customDomain) => stytch({ ...STYTCH, customDomain })],
  ['authlete.serviceId', '1', (serviceId) => authlete({ ...AUTHLETE, serviceId })],
  ['authlete.serviceAccessToken', 'x', (serviceAccessToken) => authlete({ ...AUTHLETE, serviceAccessToken })],
  ['policy.clients', 'billing', (clients) => verifier({ clients })],
  ['policy.subjects', 'billing', (subjects) => verifier({ subjects })],
  ['policy.issuers', OAUTH.issuer, (issuers) => verifier({ issuers })],
  ['issuers[0].name', 'own', (name) => createVerifier({ issuers: [{ ...oauth(OAUTH), name }] })],
  ['issuers[0].provider', 'own', (provider) => createVerifier({ issuers: [{ ...oauth(OAUTH), provider }] })],
  ['guard.realm', 'orders', (realm) => guard(verifierOf(), undefined, { realm })],
  ['tokenSource.issuer', OAUTH.issuer, (issuer) => tokenSource({ issuer, ...CLIENT })],
  ['tokenSource.clientId', 'a', (clientId) => tokenSource({ issuer: OAUTH.issuer, ...CLIENT, clientId })],
  [
    'tokenSource.clientSecret',
    'a',
    (clientSecret) => tokenSource({ issuer: OAUTH.issuer, ...CLIENT, clientSecret }),
  ],
  ['tokenSource.audience', 'a', (audience) => tokenSource({ issuer: OAUTH.issuer, ...CLIENT, audience })],
  ['clerkTokenSource.machineSecretKey', 'ak_1', (machineSecretKey) => clerkTokenSource({ machineSecretKey })],
  ['stytchClients.secret', 'a', (secret) => stytchClients({ ...STYTCH, secret })],
  [
    'oauthTokens.clientSecret',
    'a',
    (clientSecret) => oauthTokens({ ...CLIENT, issuer: OAUTH.issuer, clientSecret }),
  ],
]

const STRAY: readonly (readonly [string, (value: string) => string])[] = [
  ['a line break at its end', (value) => `${value}\n`],
  ['a carriage return at its end', (value) => `${value}\r\n`],
  ['a space at its end', (value) => `${value} `],
  ['a space at its start', (value) => ` ${value}`],
  ['a tab at its end', (value) => `${value}\t`],
  ['a byte order mark at its start', (value) => `\ufeff${value}`],
  ['a no-break space at its end', (value) => `${value}\u00a0`],
  ['a zero width space at its end', (value) => `${value}\u200b`],
  ['a line break within', (value) => `${value.slice(0, -1)}\n${value.slice(-1)}`],
  ['a NUL at its end', (value) => `${value}\0`],
  ['a line separator within', within('\u2028')],
  ['a zero width space within', within('\u200b')],
  ['a byte order mark within', within('\ufeff')],
  ['a soft hyphen within', within('\u00ad')],
  ['a Hangul filler at its end', (value) => `${value}\u3164`],
  ['a Hangul filler within', within('\u3164')],
  ['a variation selector within', within('\ufe0f')],
  ['a combining grapheme joiner within', within('\u034f')],
  ['an unassigned ignorable code point within', within('\u{e0fff}')],
  ['a blank Braille pattern at its end', (value) => `${value}\u2800`],
  ['a blank Braille pattern within', within('\u2800')],
  ['a lone surrogate within', within('\ud800')],
  ['a lone surrogate at its end', (value) => `${value}\udfff`],
]

function within(character: string): (value: string) => string {
  return (value) => `${value.slice(0, -1)}${character}${value.slice(-1)}`
}

describe('a string with', () => {
  it.each(STRAY)('%s is refused at start wherever it is compared or sent, and not quoted', (_, spoil) => {
    for (const [option, good, make] of OPTIONS) {
      expect(() => make(good), option).not.toThrow()
      const spoiled = spoil(good)
      const error = thrownBy(() => make(spoiled))
      expect(error, option).toBeInstanceOf(ConfigurationError)
      expect((error as ConfigurationError).option).toBe(option)
      if (good.length > 5) expect((error as ConfigurationError).message).not.toContain(spoiled)
    }
  })
})

it('a string with letters of any script or emoji is accepted', () => {
  for (const audience of ['bestellungen-für-köln', '注文', 'الطلبات', '😀'])
    expect(() => oauth({ ...OAUTH, audience })).not.toThrow()
})

describe('white space at an end', () => {
  // In a list of scopes a space separates.
  const isCompared = (type: string): boolean => /^(?:URL|string|list of strings)(?:, or null)?$/.test(type)
  const compared = Object.entries(tables).flatMap(([section, table]) =>
    Object.entries(table)
      .filter(([, { describe }]) => isCompared(describe.type))
      .map(([name, { read }]) => ({ option: `${section}.${name}`, read })),
  )

  it.each(compared)('is refused in $option', ({ option, read }) => {
    const good = ['https://a.test', 'mch_1', 'ak_1', 'sk_1', 'RS256', 'a'].filter(
      (value) => thrownBy(() => read(option, value)) === undefined,
    )
    expect(good).not.toEqual([])
    for (const value of good) {
      for (const spoiled of [` ${value}`, `${value} `, `${value}\t`, ' '])
        expect(
          thrownBy(() => read(option, spoiled)),
          JSON.stringify(spoiled),
        ).toBeInstanceOf(ConfigurationError)
    }
  })

  it('is refused in the realm of a guard by name, and of a refusal', () => {
    for (const realm of ['orders ', ' orders', ' ']) {
      expect(() => guard(verifierOf(), undefined, { realm })).toThrow(
        'guard.realm: must be a non-empty string of visible ASCII without a space at its ends',
      )
      expect(() => new Refusal('token_missing', { realm })).toThrow(
        'Refusal.realm: must be a non-empty string',
      )
    }
    expect(() => guard(verifierOf(), undefined, { realm: 'orders of "north"' })).not.toThrow()
  })
})

describe('an issuer that is the URL of a discovery document is refused at start', () => {
  it.each([
    'https://auth.example.com/.well-known/openid-configuration',
    'https://auth.example.com/tenant/.well-known/openid-configuration',
    'https://auth.example.com/.well-known/oauth-authorization-server',
    'https://auth.example.com/.well-known/oauth-authorization-server/tenant',
    'https://auth.example.com/.well-known/openid-configuration/',
  ])('%s', (issuer) => {
    for (const make of [
      () => oauth({ ...OAUTH, issuer }),
      () => clerk({ ...CLERK, issuer }),
      () => authlete({ ...AUTHLETE, issuer, audience: 'x' }),
      () => tokenSource({ issuer, ...CLIENT }),
      () => oauthTokens({ issuer, ...CLIENT }),
    ]) {
      expect(String(thrownBy(make))).toMatch(/issuer: is the URL of a discovery document/)
    }
  })

  it.each(['https://auth.example.com/.well-known', 'https://auth.example.com/openid-configuration'])(
    '%s is accepted',
    (issuer) => {
      expect(() => oauth({ ...OAUTH, issuer })).not.toThrow()
    },
  )
})

function verifier(policy: Policy): unknown {
  return createVerifier({ issuers: [oauth(OAUTH)], policy })
}

function verifierOf(): Verifier {
  return createVerifier({ issuers: [oauth(OAUTH)] })
}
