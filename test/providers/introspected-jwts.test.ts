import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth, type IntrospectionCallOptions } from '../../src/index.js'
import { mayStartJwt } from '../../src/jwt/decode.js'
import { encode } from '../support/tokens/forge.js'
import { testBed, type TestBed } from '../support/test-bed.js'

const OAUTH = { issuer: 'https://auth.example.com', audience: 'https://orders.internal' }
const CLIENT = { clientId: 'orders', clientSecret: 'secret' }

/** An issuer whose tokens are all introspected, beside one whose JWTs are verified with its keys. */
function jwtsBed(extra: Partial<IntrospectionCallOptions> = {}): Promise<TestBed> {
  return testBed({
    issuers: (by) => [
      oauth(by.oauth({ introspection: { ...by.oauth().introspection!, jwts: true, ...extra } })),
      oauth({ issuer: by.endpoints.authlete, audience: by.audience, jwks: by.jwks('authlete') }),
    ],
    testIssuer: {},
  })
}

const jwe = (header: object): string => [encode({ enc: 'A256GCM', ...header }), 'a', 'b', 'c', 'd'].join('.')

describe('introspection: { jwts: true }', () => {
  it('introspects the JWTs of the issuer, caches the result, and fetches no keys', async () => {
    const { issuer, jwt, outcome, verifier } = await jwtsBed()
    await verifier.ready()
    const token = jwt({ scopes: 'a' })
    expect(await verifier.verify(token, { scopes: 'a' })).toMatchObject({ format: 'jwt', provider: 'oauth' })
    expect(await outcome(token, { scopes: 'b' })).toBe('scope_insufficient')
    expect(issuer.calls).toMatchObject({ introspection: 1, jwks: 0 })
    issuer.revoke(token)
    expect(await outcome(token, { confirmAfter: 0 })).toBe('token_inactive')
  })

  it('does not affect JWTs of other issuers', async () => {
    const { issuer, outcome } = await jwtsBed()
    expect(await outcome(issuer.mintJwt({ provider: 'authlete' }))).toBe('accepted')
    expect(issuer.calls.introspection).toBe(0)
  })

  it('introspects opaque tokens as without it', async () => {
    const { issuer, opaque, outcome } = await jwtsBed()
    expect(await outcome(opaque())).toBe('accepted')
    expect(issuer.calls.introspection).toBe(1)
  })

  it.each<[string, object, string]>([
    ['no iss, like an opaque token', { alg: 'dir' }, 'accepted'],
    ['iss null, like one without iss', { alg: 'dir', iss: null }, 'accepted'],
    ['the iss of the issuer', { alg: 'dir', iss: 'own' }, 'accepted'],
    ['the iss of an issuer whose JWTs are not introspected', { iss: 'other' }, 'token_undecodable'],
    ['the iss of an unknown issuer', { iss: 'https://unknown.test' }, 'token_undecodable'],
    ['an iss that is not a string', { iss: 7 }, 'token_undecodable'],
  ])('routes a JWE with %s', async (_, header, expected) => {
    const { issuer, outcome } = await jwtsBed()
    const addresses: Readonly<Record<string, string>> = { own: issuer.url, other: issuer.endpoints.authlete }
    const { iss } = header as { readonly iss?: unknown }
    const named = typeof iss === 'string' ? { iss: addresses[iss] ?? iss } : {}
    issuer.fail('introspection', {
      status: 200,
      body: { active: true, sub: 'billing', aud: issuer.audience },
    })
    expect(await outcome(jwe({ ...header, ...named }))).toBe(expected)
    expect(issuer.calls.introspection).toBe(expected === 'accepted' ? 1 : 0)
  })

  it('routes a JWE without iss by the prefix if one is set, so that it reaches no issuer', async () => {
    const { issuer, outcome } = await jwtsBed({ opaquePrefix: 'ref_' })
    expect(await outcome(jwe({}))).toBe('token_undecodable')
    expect(issuer.calls.total).toBe(0)
  })

  it('refuses a JWE if no issuer introspects JWTs', async () => {
    const { issuer, outcome } = await testBed()
    expect(await outcome(jwe({}))).toBe('token_undecodable')
    expect(issuer.calls.total).toBe(0)
  })

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['an ID token', { nonce: 'n' }, 'type_not_allowed'],
    ['a refresh token', { typ: 'Refresh' }, 'type_not_allowed'],
    ['bound to a key', { cnf: { jkt: 'x' } }, 'proof_missing'],
  ])(
    'refuses a JWT that is %s, although the response only states that it is active',
    async (_, claims, expected) => {
      const { issuer, jwt, outcome } = await jwtsBed()
      issuer.fail('introspection', {
        status: 200,
        body: { active: true, sub: 'billing', aud: issuer.audience },
      })
      expect(await outcome(jwt())).toBe('accepted')
      expect(await outcome(jwt({ claims }))).toBe(expected)
    },
  )

  it.each<[string, Readonly<Record<string, unknown>>, object, string]>([
    ['exp has passed', { exp: 1 }, {}, 'token_expired'],
    ['exp has passed, and the response has a later exp', { exp: 1 }, { exp: 9_999_999_999 }, 'token_expired'],
    ['exp is later than that of the response, which has passed', {}, { exp: 1 }, 'token_expired'],
    ['nbf is to come', { nbf: 9_999_999_999 }, { nbf: 1 }, 'token_not_active_yet'],
    ['iat is to come', { iat: 9_999_999_999 }, { iat: 1 }, 'token_not_active_yet'],
    ['aud is another', { aud: 'zzz' }, {}, 'audience_mismatch'],
    ['aud is one of several', { aud: ['zzz', 'https://api.test'] }, {}, 'accepted'],
    ['aud is absent', { aud: undefined }, {}, 'accepted'],
    ['client_id is another', { client_id: 'a' }, { client_id: 'b' }, 'token_inactive'],
    ['client_id is the same, and azp another', { client_id: 'a', azp: 'b' }, { client_id: 'a' }, 'accepted'],
    ['azp is another', { client_id: undefined, azp: 'a' }, { client_id: 'b' }, 'token_inactive'],
    ['client_id is absent', { client_id: undefined }, { client_id: 'b' }, 'accepted'],
    ['scope is less', { scope: 'a' }, { scope: 'a b' }, 'accepted'],
    ['exp is not a number', { exp: 'never' }, {}, 'claim_invalid'],
    ['aud is not a string', { aud: 7 }, {}, 'claim_invalid'],
  ])('narrows the response by the claims of the JWT: %s', async (_, claims, says, expected) => {
    const { issuer, jwt, outcome } = await jwtsBed()
    const body = { active: true, sub: 'billing', aud: issuer.audience, ...says }
    issuer.fail('introspection', { status: 200, body })
    const token = jwt({ claims })
    expect(await outcome(token)).toBe(expected)
    expect(await outcome(token)).toBe(expected)
    expect(await outcome(token, { confirmAfter: 0 })).toBe(expected)
  })

  it('has the subject that the response states, and no policy compares the one in the payload', async () => {
    const { issuer, jwt, outcome, verifier } = await jwtsBed()
    issuer.fail('introspection', { status: 200, body: { active: true, sub: 'stated', aud: issuer.audience } })
    const token = jwt({ claims: { sub: 'in-payload' } })
    expect((await verifier.verify(token)).subject).toBe('stated')
    expect(await outcome(token, { subjects: 'stated' })).toBe('accepted')
    expect(await outcome(token, { subjects: 'in-payload' })).toBe('subject_not_allowed')
  })

  it('does not add claims of the JWT that the response does not state', async () => {
    const { issuer, jwt, outcome } = await jwtsBed()
    issuer.fail('introspection', { status: 200, body: { active: true, sub: 'billing' } })
    expect(await outcome(jwt())).toBe('audience_mismatch')
  })

  it('is undecidable, never 401, while the issuer fails', async () => {
    const { issuer, jwt, outcome } = await jwtsBed()
    issuer.fail('introspection', 500)
    expect(await outcome(jwt())).toBe('issuer_unavailable')
  })

  it.each(['jwksUri', 'jwks', 'publicKey'])('is refused beside %s, which would have no effect', (name) => {
    const keys = {
      jwksUri: 'https://a.test/jwks',
      jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }] },
      publicKey: PEM,
    }
    const value = keys[name as keyof typeof keys]
    expect(() => oauth({ ...OAUTH, [name]: value, introspection: { ...CLIENT, jwts: true } })).toThrow(
      new RegExp(`^oauth\\.${name}: has no effect`),
    )
  })
})

/** Prefixes of compact JWTs and JWEs, by the JSON of their header. */
const HEADERS = [
  '{"alg":"RS256"}',
  '{"typ":"at+jwt"}',
  ' {"a":1}',
  '\n{"a":1}',
  '\t{ "a":1}',
  '{\r\n"a":1}',
  '{}',
]

describe('an opaquePrefix that a JWT may have', () => {
  const make = (opaquePrefix: string) => oauth({ ...OAUTH, introspection: { ...CLIENT, opaquePrefix } })

  it.each([
    'e',
    'ey',
    'eyJ',
    'eyJh',
    'eyJhbGciOi',
    'ew',
    'ewo',
    'e3',
    'e30',
    'e30.',
    'eyJhbGciOiJSUzI1NiJ9.',
    'I',
    'IHs',
  ])('%s is refused at start, and the error names the right option', (prefix) => {
    expect(() => make(prefix)).toThrow(ConfigurationError)
    expect(() => make(prefix)).toThrow(
      /^oauth\.introspection\.opaquePrefix: .*introspection: \{ jwts: true \}/,
    )
  })

  it.each(['ref_', 'mt_', 'v1.local.', 'opaque', 'abc', 'E', 'EYJ', 'ey~', 'ex', 'e4', '0', '_', '.'])(
    '%s is accepted',
    (prefix) => {
      expect(() => make(prefix)).not.toThrow()
    },
  )

  it('is every prefix of every header', () => {
    for (const header of HEADERS) {
      const token = `${encode(header)}.e30.x`
      for (let length = 1; length <= token.length; length += 1) {
        expect(mayStartJwt(token.slice(0, length)), token.slice(0, length)).toBe(true)
      }
    }
  })

  it('is refused for a custom issuer too, including the empty prefix', () => {
    const issuer = oauth({ ...OAUTH, introspection: CLIENT })
    for (const prefix of ['eyJ', 'e', '']) {
      const own = { ...issuer, opaque: { prefix } }
      expect(() => createVerifier({ issuers: [own] })).toThrow(/^issuers\[0\]\.opaque\.prefix: /)
    }
  })
})

const PEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----`
