import { describe, expect, it } from 'vitest'
import {
  authlete,
  clerk,
  ConfigurationError,
  createVerifier,
  oauth,
  stytch,
  type Issuer,
  type TokenFacts,
} from '../../src/index.js'
import type { MintOptions, TestIssuer } from '../../src/testing/index.js'
import { NOW } from '../support/clock.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed, type TestBed } from '../support/test-bed.js'

type JwtParts = Partial<NonNullable<Issuer['jwt']>>
type RemoteParts = Partial<NonNullable<Issuer['remote']>>

/** Custom issuer that returns the claims unchanged, and no other facts. */
function custom(by: TestIssuer, jwt: JwtParts = {}, remote: RemoteParts = {}): Issuer {
  by.addKey({ algorithm: 'ES256', use: true })
  const factsOf = (claims: Readonly<Record<string, unknown>>): TokenFacts => ({
    subject: 'billing',
    scopes: [],
    audience: [],
    claims,
  })
  return {
    name: by.url,
    provider: 'home-made',
    audience: null,
    scopeMatcher: (granted, demanded) => granted === demanded,
    jwt: {
      issuers: [by.url],
      checked: 'local',
      keys: { kind: 'remote', url: `${by.url}/jwks` },
      algorithms: ['ES256'],
      validateHeader: () => undefined,
      readClaims: factsOf,
      ...jwt,
    },
    opaque: { prefix: null },
    remote: {
      endpoint: `${by.url}/introspect`,
      request: () => ({ headers: {}, body: '' }),
      read: ({ json }) => ({ active: true, facts: factsOf(json as Readonly<Record<string, unknown>>) }),
      ...remote,
    },
  }
}

const bindings = [{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, [], null, false, 0, '', 'x']

describe('a token that is bound to a key is refused, whatever its issuer', () => {
  it.each(bindings)('cnf %j in a JWT of a custom issuer', async (cnf) => {
    const { jwt, outcome } = await testBed({ issuers: (by) => [custom(by)] })
    expect(await outcome(jwt())).toBe('accepted')
    const token = jwt({ claims: { cnf } })
    expect(await outcome(token)).toBe('proof_missing')
    expect(await outcome(token)).toBe('proof_missing')
  })

  it('in a JWT of which the reader of a custom issuer returns other claims', async () => {
    const { jwt, outcome } = await testBed({
      issuers: (by) => [
        custom(by, { readClaims: () => ({ subject: 'billing', scopes: [], audience: [], claims: {} }) }),
      ],
    })
    expect(await outcome(jwt())).toBe('accepted')
    expect(await outcome(jwt({ claims: { cnf: { jkt: 'x' } } }))).toBe('proof_missing')
  })

  it.each(bindings)(
    'cnf %j in the response of a custom issuer, which is cached like an inactive result',
    async (cnf) => {
      const { issuer, outcome } = await testBed({ issuers: (by) => [custom(by)] })
      issuer.fail('introspection', { status: 200, body: { cnf } })
      expect(await outcome('opaque')).toBe('proof_missing')
      expect(await outcome('opaque')).toBe('proof_missing')
      expect(issuer.calls.introspection).toBe(1)
    },
  )

  it.each(bindings)('cnf %j in a response about a JWT without cnf', async (cnf) => {
    const { issuer, jwt, outcome } = await testBed({ issuers: (by) => [custom(by)] })
    issuer.fail('introspection', { status: 200, body: { cnf } })
    const token = jwt()
    expect(await outcome(token)).toBe('accepted')
    expect(await outcome(token, { confirmAfter: 0 })).toBe('proof_missing')
  })

  const confirmation = { jkt: 'x' }
  it.each<[string, (by: TestIssuer) => Issuer, (bed: TestBed) => readonly string[]]>([
    [
      'oauth',
      (by) => oauth(by.oauth()),
      ({ jwt, opaque }) => [jwt({ confirmation }), opaque({ confirmation })],
    ],
    [
      'stytch',
      (by) => stytch(by.stytch()),
      ({ issuer }) => [issuer.mintJwt({ provider: 'stytch', confirmation })],
    ],
    [
      'clerk',
      (by) => clerk(by.clerk()),
      ({ issuer }) => [
        issuer.mintJwt({ provider: 'clerk', confirmation }),
        issuer.mintOpaque({ provider: 'clerk', confirmation }),
      ],
    ],
    [
      'clerk, which verifies JWTs remotely',
      (by) => clerk(by.clerk({ jwtAccess: 'remote' })),
      ({ issuer }) => [issuer.mintJwt({ provider: 'clerk', confirmation })],
    ],
    [
      'authlete',
      (by) => authlete(by.authlete({ issuer: by.endpoints.authlete })),
      ({ issuer }) => [issuer.mintJwt({ provider: 'authlete', confirmation })],
    ],
  ])('%s', async (_, make, tokens) => {
    const bed = await testBed({ issuers: (by) => [make(by)] })
    for (const token of tokens(bed)) expect(await bed.outcome(token)).toBe('proof_missing')
  })

  it('a cnf that is inherited from a polluted prototype binds nothing', async () => {
    const { jwt, outcome } = await testBed({ issuers: (by) => [custom(by)] })
    const token = jwt()
    Object.defineProperty(Object.prototype, 'cnf', { value: {}, configurable: true })
    try {
      expect(await outcome(token)).toBe('accepted')
    } finally {
      delete (Object.prototype as { cnf?: unknown }).cnf
    }
  })
})

describe('times of a JWT hold although the reader of a custom issuer returns none', () => {
  it.each([
    ['exp', { age: 100, expiresIn: -10 }, 'token_expired'],
    ['nbf', { claims: { nbf: 4_000_000_000 } }, 'token_not_active_yet'],
    ['iat', { age: -60 }, 'issued_in_future'],
    ['an exp that is not a number', { claims: { exp: '4000000000' } }, 'claim_invalid'],
  ])('%s', async (_, mint, expected) => {
    const { jwt, outcome } = await testBed({ issuers: (by) => [custom(by)] })
    expect(await outcome(jwt(mint))).toBe(expected)
  })

  it('and on every request', async () => {
    const { jwt, outcome, pass } = await testBed({ issuers: (by) => [custom(by)] })
    const token = jwt({ expiresIn: 60 })
    expect(await outcome(token)).toBe('accepted')
    expect(await outcome(token, { maxTokenLifetime: 59 })).toBe('lifetime_too_long')
    pass(66)
    expect(await outcome(token)).toBe('token_expired')
  })
})

describe('times of a JWT hold although the reader of a custom issuer returns others', () => {
  const stating = (times: Partial<TokenFacts>) => (by: TestIssuer) => [
    custom(by, {
      readClaims: (claims) => ({ subject: 'billing', scopes: [], audience: [], claims, ...times }),
    }),
  ]
  const bedOf = (times: Partial<TokenFacts>) => testBed({ issuers: stating(times) })

  it.each<[string, MintOptions, string]>([
    ['nothing that is past or to come', {}, 'accepted'],
    ['an exp that has passed', { claims: { exp: NOW - 60 } }, 'token_expired'],
    ['an nbf to come', { claims: { nbf: NOW + 600 } }, 'token_not_active_yet'],
    ['an iat to come', { claims: { iat: NOW + 600 } }, 'issued_in_future'],
    ['an exp that is not a number', { claims: { exp: `${NOW + 60}` } }, 'claim_invalid'],
    ['an nbf that is null, which counts as absent', { claims: { nbf: null } }, 'accepted'],
  ])('%s', async (_, mint, expected) => {
    const { jwt, outcome } = await bedOf({ expiresAt: NOW + 600, issuedAt: NOW, notBefore: NOW - 5 })
    expect(await outcome(jwt(mint))).toBe(expected)
  })

  it.each<[string, Partial<TokenFacts>, string]>([
    ['an earlier expiry', { expiresAt: NOW - 60 }, 'token_expired'],
    ['a later nbf', { notBefore: NOW + 600 }, 'token_not_active_yet'],
    ['an expiry that is a string', { expiresAt: 'never' as never }, 'issuer_unavailable'],
  ])('and the reader may only narrow them: %s', async (_, times, expected) => {
    const { jwt, outcome } = await bedOf(times)
    expect(await outcome(jwt({ claims: { nbf: NOW - 5 } }))).toBe(expected)
  })

  it('its age and lifetime are those of the iat in the JWT', async () => {
    const { jwt, outcome } = await bedOf({ issuedAt: NOW - 1 })
    const token = jwt({ age: 100, expiresIn: 200 })
    expect(await outcome(token, { maxTokenAge: 99 })).toBe('token_too_old')
    expect(await outcome(token, { maxTokenLifetime: 299 })).toBe('lifetime_too_long')
    expect(await outcome(token, { maxTokenAge: 101, maxTokenLifetime: 300 })).toBe('accepted')
  })

  it('an issue time of the reader counts where the JWT has no iat', async () => {
    const { jwt, outcome } = await bedOf({ issuedAt: NOW - 100 })
    expect(await outcome(jwt({ claims: { iat: undefined } }), { maxTokenAge: 100 })).toBe('token_too_old')
  })
})

it('the audience of a custom issuer holds for the facts that its readers return, in JWTs and in responses', async () => {
  const audienceOf = ({ aud }: Readonly<Record<string, unknown>>): TokenFacts => ({
    subject: 'billing',
    scopes: [],
    audience: [String(aud)],
    claims: {},
  })
  const { jwt, issuer, outcome } = await testBed({
    issuers: (by) => [
      {
        ...custom(
          by,
          { readClaims: audienceOf },
          { read: ({ json }) => ({ active: true, facts: audienceOf(json as Record<string, unknown>) }) },
        ),
        audience: ['orders'],
      },
    ],
  })
  for (const [aud, expected] of [
    ['orders', 'accepted'],
    ['orders2', 'audience_mismatch'],
  ] as const) {
    issuer.fail('introspection', { body: { aud } })
    expect(await outcome(jwt({ audience: aud }))).toBe(expected)
    expect(await outcome(`opaque-for-${aud}`)).toBe(expected)
  }
})

describe('the numbers of a custom issuer', () => {
  it.each<[string, JwtParts, RemoteParts]>([
    ['left out', {}, {}],
    ['empty', { keys: remoteKeys({}) }, { options: {} }],
    [
      'undefined',
      { keys: remoteKeys({ deadline: undefined }) },
      { options: { deadline: undefined } as object },
    ],
  ])('have the defaults where they are %s', async (_, jwt, remote) => {
    const {
      jwt: mint,
      issuer,
      outcome,
      verifier,
    } = await testBed({
      issuers: (by) => {
        const keys = jwt.keys?.kind === 'remote' ? { keys: { ...jwt.keys, url: `${by.url}/jwks` } } : {}
        return [custom(by, { ...jwt, ...keys }, remote)]
      },
    })
    await verifier.ready()
    expect(await outcome(mint())).toBe('accepted')
    issuer.fail('introspection', { status: 200, body: {} })
    expect(await outcome('opaque')).toBe('accepted')
    expect(verifier.health().status).toBe('ok')
  })

  it.each<[string, JwtParts, RemoteParts]>([
    ['issuers[0].jwt.keys.options.deadline', { keys: remoteKeys({ deadline: 0 }) }, {}],
    ['issuers[0].jwt.keys.options.maxKeys', { keys: remoteKeys({ maxKeys: 1e9 }) }, {}],
    ['issuers[0].jwt.keys.options.maxAge', { keys: remoteKeys({ maxAge: 1 }) }, {}],
    ['issuers[0].jwt.keys.options', { keys: remoteKeys(null as never) }, {}],
    ['issuers[0].remote.options.lifetime', {}, { options: { lifetime: 1e9 } }],
    ['issuers[0].remote.options.deadline', {}, { options: { deadline: Number.NaN } }],
    ['issuers[0].jwt.keys.url', { keys: { kind: 'remote', url: 'http://issuer.test/jwks' } }, {}],
    ['issuers[0].jwt.keys.issuer', { keys: { kind: 'discovery', issuer: 'issuer.test' } }, {}],
    ['issuers[0].jwt.keys.kind', { keys: { kind: 'file' } as never }, {}],
    ['issuers[0].jwt.keys.jwks', { keys: { kind: 'static' } as never }, {}],
    ['issuers[0].jwt.algorithms', { algorithms: ['HS256'] }, {}],
    ['issuers[0].jwt.algorithms', { algorithms: ['none'] }, {}],
    ['issuers[0].jwt.algorithms', { algorithms: [] }, {}],
    ['issuers[0].jwt.issuers', { issuers: [''] }, {}],
    ['issuers[0].jwt.checked', { checked: 'never' as never }, {}],
    ['issuers[0].jwt.validateHeader', { validateHeader: undefined as never }, {}],
    ['issuers[0].jwt.readClaims', { readClaims: undefined as never }, {}],
    ['issuers[0].remote.endpoint', {}, { endpoint: 'http://issuer.test/introspect' }],
    ['issuers[0].remote.request', {}, { request: undefined as never }],
    ['issuers[0].remote.read', {}, { read: undefined as never }],
  ])('%s: a wrong one is a ConfigurationError', async (option, jwt, remote) => {
    const { issuer } = await testBed()
    const make = () => createVerifier({ issuers: [custom(issuer, jwt, remote)] })
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(new RegExp(`^${option.replace(/[[\].]/g, '\\$&')}[: ]`))
  })
})

it('the cause of a bound token says that it has a cnf claim, and the sentence names no value', async () => {
  const { jwt, verifier } = await testBed({ issuers: (by) => [custom(by)] })
  const refusal = await refusalOf(verifier.verify(jwt({ claims: { cnf: { jkt: 'secret-thumbprint' } } })))
  expect(String(refusal.cause)).toContain('cnf')
  expect(JSON.stringify([refusal, String(refusal.cause)])).not.toContain('secret-thumbprint')
})

function remoteKeys(options: object): NonNullable<JwtParts['keys']> {
  return { kind: 'remote', url: 'https://issuer.test/jwks', options }
}
