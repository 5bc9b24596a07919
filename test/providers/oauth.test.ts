import { describe, expect, it } from 'vitest'
import { ConfigurationError, oauth, type OAuthOptions } from '../../src/index.js'
import type { OptionOverrides, FaultHandler, MintJwtOptions } from '../../src/testing/index.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed, type TestBed } from '../support/test-bed.js'

function only(extra: OptionOverrides<OAuthOptions>): Promise<TestBed> {
  return testBed({ issuers: (by) => [oauth(by.oauth({ introspection: undefined, ...extra }))] })
}

describe('where the keys come from', () => {
  it('discovery at the address of OpenID Connect', async () => {
    const seen: (string | undefined)[] = []
    const { issuer, jwt, outcome } = await only({})
    issuer.fail('discovery', watching(seen, 200, { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }))
    expect(await outcome(jwt())).toBe('accepted')
    expect(seen).toEqual(['/.well-known/openid-configuration'])
  })

  it('discovery at the address of RFC 8414 where the first has none', async () => {
    const { issuer, jwt, outcome } = await only({})
    issuer.fail('discovery', { status: 404, times: 1 })
    expect(await outcome(jwt())).toBe('accepted')
    expect(issuer.calls).toMatchObject({ discovery: 2, jwks: 1 })
  })

  it('an issuer with a path: behind the path, then between host and path', async () => {
    const seen: (string | undefined)[] = []
    const { verifier } = await testBed({
      issuers: (by) => [
        oauth(by.oauth({ introspection: undefined, issuer: `${by.url}/tenant`, fetch: recording(seen) })),
      ],
    })
    await expect(verifier.ready()).rejects.toThrow(/status 404/)
    expect(seen.map((url) => new URL(url!).pathname)).toEqual([
      '/tenant/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/tenant',
    ])
  })

  it.each<[string, (url: string) => unknown]>([
    ['another issuer', () => 'https://elsewhere.test'],
    ['a slash more', (url) => `${url}/`],
    ['none', () => undefined],
    ['a list', (url) => [url]],
  ])('a document that names %s is not used', async (_, name) => {
    const { issuer, jwt, verifier } = await only({})
    issuer.fail('discovery', { body: { issuer: name(issuer.url), jwks_uri: `${issuer.url}/jwks` } })
    expect((await refusalOf(verifier.verify(jwt()))).reason).toBe('keys_unavailable')
    expect(issuer.calls.jwks).toBe(0)
  })

  it.each(['http://keys.test/jwks', 'file:///etc/passwd', '/jwks', 7, undefined])(
    'a document whose jwks_uri is %s is not used',
    async (jwksUri) => {
      const { issuer, jwt, outcome } = await only({})
      issuer.fail('discovery', { body: { issuer: issuer.url, jwks_uri: jwksUri } })
      expect(await outcome(jwt())).toBe('keys_unavailable')
      expect(issuer.calls.jwks).toBe(0)
    },
  )

  it.each(['jwks_uri', 'introspection_endpoint'])(
    'an https: issuer cannot name a port of this machine in its %s',
    async (member) => {
      const asked: string[] = []
      const { issuer, outcome } = await testBed({
        issuers: (by) => [
          oauth({
            ...by.oauth(),
            issuer: 'https://issuer.test',
            // Replaces TLS, which the test issuer does not support.
            fetch: (input) => {
              asked.push(new Request(input).url)
              const usual = { jwks_uri: 'https://issuer.test/jwks', [member]: `${by.url}/introspect` }
              return Promise.resolve(Response.json({ issuer: 'https://issuer.test', ...usual }))
            },
          }),
        ],
      })
      expect(await outcome('opaque')).toBe('issuer_unavailable')
      expect(asked).toEqual(['https://issuer.test/.well-known/openid-configuration'])
      expect(issuer.calls.total).toBe(0)
    },
  )

  it('jwksUri: no discovery', async () => {
    const { issuer, jwt, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ introspection: undefined, jwksUri: `${by.url}/jwks` }))],
    })
    expect(await outcome(jwt())).toBe('accepted')
    expect(issuer.calls).toMatchObject({ jwks: 1, total: 1 })
  })

  it('jwks: no keys are fetched', async () => {
    const { issuer, jwt, outcome } = await testBed({
      issuers: (by) => {
        by.addKey({ algorithm: 'ES256', use: true })
        return [oauth(by.oauth({ introspection: undefined, jwks: by.jwks() }))]
      },
    })
    expect(await outcome(jwt())).toBe('accepted')
    issuer.addKey({ algorithm: 'ES256', use: true })
    expect(await outcome(jwt())).toBe('key_unknown')
    expect(issuer.calls.total).toBe(0)
  })

  it('publicKey: no keys are fetched, and the key matches every key id', async () => {
    const { issuer, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ introspection: undefined, publicKey: by.publicKeyPem() }))],
    })
    expect(await outcome(issuer.mintJwt())).toBe('accepted')
    expect(await outcome(issuer.mintJwt({ header: { kid: 'whatever' } }))).toBe('accepted')
    expect(await outcome(issuer.mintJwt({ header: { kid: undefined } }))).toBe('accepted')
    issuer.rotateKeys()
    expect(await outcome(issuer.mintJwt())).toBe('signature_invalid')
    expect(await outcome(issuer.mintJwt({ algorithm: 'ES256' }))).toBe('key_unknown')
    expect(issuer.calls.total).toBe(0)
  })

  it.each<[string, Partial<OAuthOptions>]>([
    ['two of them', { jwksUri: 'https://a.test/jwks', jwks: { keys: [] } }],
    ['an empty set', { jwks: { keys: [] } }],
    ['a set of shared keys', { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }],
    ['a string that is not PEM', { publicKey: 'key' }],
    ['http: beyond loopback', { jwksUri: 'http://a.test/jwks' }],
  ])('%s: refused at start', (_, extra) => {
    expect(() => oauth({ issuer: 'https://a.test', audience: 'x', ...extra })).toThrow(ConfigurationError)
  })
})

describe('introspection', () => {
  const SPECIAL = { clientId: 'guard: %/+&= ü', clientSecret: 'a:b%20c+d&e=f "ü" \\' }

  it.each(['basic', 'post'] as const)(
    '%s: credentials with special characters arrive whole',
    async (authentication) => {
      const { issuer, outcome } = await testBed({
        issuers: (by) => {
          by.addClient(SPECIAL)
          return [oauth(by.oauth({ introspection: { ...SPECIAL, authentication } }))]
        },
      })
      expect(await outcome(issuer.mintOpaque())).toBe('accepted')
    },
  )

  it('basic: id and secret are form-encoded before they are joined', async () => {
    const sent: (string | undefined)[] = []
    const { issuer, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ introspection: { clientId: 'a:b c', clientSecret: 'd&e%' } }))],
    })
    issuer.fail('introspection', (request, response) => {
      sent.push(request.headers.authorization)
      response.end('{"active":false}')
    })
    await outcome('some-token')
    expect(sent).toEqual([`Basic ${Buffer.from('a%3Ab+c:d%26e%25').toString('base64')}`])
  })

  it('a configured endpoint needs no discovery', async () => {
    const { issuer, outcome } = await testBed({
      issuers: (by) => [
        oauth(
          by.oauth({ introspection: { ...by.oauth().introspection!, endpoint: `${by.url}/introspect` } }),
        ),
      ],
    })
    expect(await outcome(issuer.mintOpaque())).toBe('accepted')
    expect(issuer.calls).toMatchObject({ introspection: 1, total: 1 })
  })

  it('our own credentials rejected: 503, and the token is not refused', async () => {
    const { issuer, verifier } = await testBed({
      issuers: (by) => [
        oauth(by.oauth({ introspection: { clientId: by.client.clientId, clientSecret: 'wrong' } })),
      ],
    })
    const refusal = await refusalOf(verifier.verify(issuer.mintOpaque()))
    expect(refusal).toMatchObject({ reason: 'issuer_refused_us', status: 503, issuer: issuer.url })
    expect(refusal.headers).not.toHaveProperty('WWW-Authenticate')
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['active is missing', { active: undefined }, 'issuer_unavailable'],
    ["active is 'true'", { active: 'true' }, 'issuer_unavailable'],
    ['active is 1', { active: 1 }, 'issuer_unavailable'],
    ['active is false, with all the rest', { active: false }, 'token_inactive'],
    ['another issuer', { iss: 'https://elsewhere.test' }, 'claim_invalid'],
    ['another audience', { aud: 'https://elsewhere.test' }, 'audience_mismatch'],
    ['no audience', { aud: undefined }, 'audience_mismatch'],
    ['expired long ago, and active all the same', { exp: 1 }, 'token_expired'],
    ['an expiry in words', { exp: 'never' }, 'claim_invalid'],
    ['an expiry in milliseconds', { exp: 1_800_000_000_000 }, 'claim_invalid'],
    ['a token bound to a key', { cnf: { jkt: 'x' } }, 'proof_missing'],
    ['a DPoP token', { token_type: 'DPoP' }, 'proof_missing'],
    ['a refresh token', { token_type: 'refresh_token' }, 'type_not_allowed'],
    ['a bearer token in capitals', { token_type: 'BEARER' }, 'accepted'],
    ['no token type', { token_type: undefined }, 'accepted'],
  ])('a response with %s: %s', async (_, members, expected) => {
    const { issuer, outcome, now } = await testBed()
    const right = { active: true, token_type: 'Bearer', sub: 'x', aud: issuer.audience, exp: now() + 60 }
    issuer.fail('introspection', { body: { ...right, ...members } })
    expect(await outcome('some-token')).toBe(expected)
  })
})

describe('which JWTs are access tokens', () => {
  const strict = { requireAccessTokenType: true }
  it.each<[string, MintJwtOptions, string, string]>([
    ['typ at+jwt', { header: { typ: 'at+jwt' } }, 'accepted', 'accepted'],
    ['typ AT+JWT', { header: { typ: 'AT+JWT' } }, 'accepted', 'accepted'],
    ['typ application/at+jwt', { header: { typ: 'application/at+jwt' } }, 'accepted', 'accepted'],
    ['typ JWT', { header: { typ: 'JWT' } }, 'accepted', 'type_not_allowed'],
    ['no typ', { header: { typ: undefined } }, 'accepted', 'type_not_allowed'],
    ['typ dpop+jwt', { header: { typ: 'dpop+jwt' } }, 'type_not_allowed', 'type_not_allowed'],
    ['typ logout+jwt', { header: { typ: 'logout+jwt' } }, 'type_not_allowed', 'type_not_allowed'],
    ['typ empty', { header: { typ: '' } }, 'type_not_allowed', 'type_not_allowed'],
    ['typ null', { header: { typ: null } }, 'type_not_allowed', 'type_not_allowed'],
    ['a nonce', { claims: { nonce: 'n' } }, 'type_not_allowed', 'type_not_allowed'],
    ['at_hash', { claims: { at_hash: 'h' } }, 'type_not_allowed', 'type_not_allowed'],
    ['c_hash', { claims: { c_hash: 'h' } }, 'type_not_allowed', 'type_not_allowed'],
    ['token_use id', { claims: { token_use: 'id' } }, 'type_not_allowed', 'type_not_allowed'],
    ['token_use access', { claims: { token_use: 'access' } }, 'accepted', 'accepted'],
    ['payload typ ID', { claims: { typ: 'ID' } }, 'type_not_allowed', 'type_not_allowed'],
    ['no exp', { claims: { exp: undefined } }, 'claim_missing', 'claim_missing'],
    ['no jti', { claims: { jti: undefined } }, 'accepted', 'claim_missing'],
    ['no client_id', { claims: { client_id: undefined } }, 'accepted', 'claim_missing'],
    ['no iat', { claims: { iat: undefined } }, 'accepted', 'claim_missing'],
    ['no sub', { claims: { sub: undefined } }, 'accepted', 'claim_missing'],
    ['azp and client_id that disagree', { claims: { azp: 'other' } }, 'accepted', 'claim_invalid'],
  ])('%s', async (_, mint, usual, required) => {
    const lax = await only({})
    expect(await lax.outcome(lax.jwt(mint))).toBe(usual)
    const insisting = await only(strict)
    expect(await insisting.outcome(insisting.jwt(mint))).toBe(required)
  })
})

describe('the audience', () => {
  it.each<[string, OAuthOptions['audience'], unknown, string]>([
    ['ours', 'a', 'a', 'accepted'],
    ['ours among others', 'a', ['b', 'a'], 'accepted'],
    ['one of several of ours', ['a', 'b'], 'b', 'accepted'],
    ['another', 'a', 'b', 'audience_mismatch'],
    ['a longer one', 'a', 'ab', 'audience_mismatch'],
    ['another case', 'a', 'A', 'audience_mismatch'],
    ['ours in a string with another', 'a', 'a b', 'audience_mismatch'],
    ['none', 'a', undefined, 'audience_mismatch'],
    ['an empty list', 'a', [], 'audience_mismatch'],
    ['a number', 'a', 7, 'claim_invalid'],
    ['a list that holds a number', 'a', ['a', 7], 'claim_invalid'],
    ['any, where the check is left out', null, 'whatever', 'accepted'],
    ['none, where the check is left out', null, undefined, 'accepted'],
  ])('%s', async (_, audience, aud, expected) => {
    const { jwt, outcome } = await only({ audience })
    expect(await outcome(jwt({ claims: { aud } }))).toBe(expected)
  })
})

/** Custom fetch that responds itself and records its requests. */
function watching(seen: (string | undefined)[], status: number, body: unknown): FaultHandler {
  return (request, response) => {
    seen.push(request.url)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

function recording(seen: (string | undefined)[]): typeof fetch {
  return (input, init) => {
    seen.push(input as string)
    return fetch(input, init)
  }
}
