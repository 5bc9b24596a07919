import { describe, expect, it } from 'vitest'
import { clerk, ConfigurationError, oauth, type Verifier } from '../../src/index.js'
import { attackBed } from '../support/attack.js'
import { encode, keyOf, mac } from '../support/forge.js'
import { bearer, testBed } from '../support/test-bed.js'

// Published advisories about other software of this kind, each with the case it would be here.
//
// Without a case, because there is nothing here that could go wrong in the same way:
//
// | identifier                            | software     | why it has no analogue                     |
// | ------------------------------------- | ------------ | ------------------------------------------ |
// | CVE-2025-54576 (GHSA-7rh7-c77v-6434)  | oauth2-proxy | No route is open by a pattern of its URL   |
// | CVE-2026-41059 (GHSA-pxq7-h93f-9jrg)  | oauth2-proxy | No route is open by a pattern of its URL   |
// | CVE-2025-64763 (GHSA-rj35-4m94-77jh)  | Envoy        | Requests are not forwarded                 |
// | CVE-2025-66220 (GHSA-rwjg-c3h2-f57p)  | Envoy        | Client certificates are not evaluated      |
// | CVE-2024-45806 (GHSA-ffhv-fvxq-r6mf)  | Envoy        | No header but Authorization is read        |
// | CVE-2024-45807 (GHSA-qc52-r4x5-9w37)  | Envoy        | Memory error of a native HTTP/2 codec      |
// | CVE-2024-45810 (GHSA-qm74-x36m-555q)  | Envoy        | Memory error of a native HTTP client       |
// | CVE-2026-22746                        | Spring       | Passwords are not checked                  |
// | CVE-2026-22747                        | Spring       | Client certificates are not evaluated      |
// | CVE-2026-22751                        | Spring       | There are no one-time tokens               |
// | CVE-2026-22752                        | Spring       | Clients are not registered here            |
// | CVE-2026-22753, CVE-2026-22754        | Spring       | Paths are matched by the framework         |
// | CVE-2026-8922 (GHSA-83c4-ffjp-mxp9)   | Keycloak     | The issuer decides what it calls active    |
// | CVE-2026-7571                         | Keycloak     | No flow with a browser                     |
// | CVE-2025-65945 (GHSA-869p-cjfg-cm3x)  | auth0/jws    | No HMAC is verified                        |
//
// None was found for jose, jsonwebtoken, express-jwt, jwks-rsa, @fastify/jwt (beside fast-jwt, which it uses), nor for
// next-auth in this time.

const LONG = 300

describe('signature and algorithm', () => {
  it.each([
    'CVE-2026-34950 / GHSA-mvf2-f6gm-w987 (fast-jwt): a public key with white space before it',
    'CVE-2023-48223 / GHSA-c2ff-88x2-x9pg (fast-jwt): a public key',
    'CVE-2026-22817 / GHSA-f67f-6cw9-8mq4 (hono): a public key where no algorithm is configured',
    'CVE-2026-44351 (fast-jwt): an empty key for an unknown kid',
  ])('%s is never the secret of an HMAC', async () => {
    const key = keyOf('RS256')
    const pem = key.publicKeyPem
    const { decide, claims, issuer } = await attackBed({
      issuers: (by) => [oauth(by.oauth({ publicKey: pem, algorithms: undefined }))],
    })
    for (const secret of ['', '\0', pem, pem.trim(), ` ${pem}`, `\n  ${pem}`, `\ufeff${pem}`]) {
      for (const bits of [256, 384, 512] as const) {
        for (const kid of [key.kid, 'unknown', '']) {
          const decision = await decide(bearer(mac(bits, secret, { typ: 'at+jwt', kid }, claims)))
          expect(decision).toMatchObject({ outcome: 'refused', refusal: { reason: 'algorithm_not_allowed' } })
        }
      }
    }
    expect(() => oauth({ issuer: issuer.url, audience: 'x', publicKey: `\n ${pem}` })).toThrow(
      ConfigurationError,
    )
    expect(issuer.calls.total).toBe(0)
  })

  it('CVE-2026-35042 / GHSA-hm7r-c7qw-ghp6 (fast-jwt): every crit is refused, known and unknown, well formed or not', async () => {
    const { outcome, token } = await attackBed()
    for (const crit of [['require-mfa'], ['cnf'], ['exp'], ['b64'], [], null, 'cnf', {}]) {
      expect(await outcome(token({}, { crit, 'require-mfa': true }))).toBe('critical_header')
    }
  })

  it('CVE-2026-22818 / GHSA-3vhc-576x-3qv4 (hono): a JWK without alg does not leave the algorithm to the header', async () => {
    const key = keyOf('RS256')
    const { alg: _alg, ...bare } = key.jwk as Readonly<Record<string, unknown>>
    const { claims, outcome, token } = await attackBed({ keys: [bare] })
    const header = { typ: 'at+jwt', kid: key.kid }
    expect(await outcome(token({}, {}, key))).toBe('accepted')
    expect(await outcome(mac(256, JSON.stringify(bare), header, claims))).toBe('algorithm_not_allowed')
    expect(await outcome(mac(256, key.publicKeyPem, header, claims))).toBe('algorithm_not_allowed')
    // An algorithm of another kind of key, and none.
    expect(await outcome(token({}, { alg: 'ES256' }, key))).not.toBe('accepted')
    expect(await outcome(`${encode({ ...header, alg: 'none' })}.${encode(claims)}.`)).toBe(
      'algorithm_not_allowed',
    )
  })

  it('GHSA-jc38-x7x8-2xc8 (PHP JWT Framework): nothing but the protected header names the algorithm', async () => {
    const { header, claims, outcome, raw } = await attackBed()
    const [protectedPart, payload, signature] = raw(header, claims).split('.')
    const json = { payload, signatures: [{ protected: protectedPart, header: { alg: 'HS256' }, signature }] }
    for (const text of [JSON.stringify(json), encode(json)]) expect(await outcome(text)).not.toBe('accepted')
  })
})

describe('claims', () => {
  it('CVE-2026-22748 (Spring Security): issuer and audience are compared without a further option, and must be named', async () => {
    const { outcome, token } = await attackBed()
    expect(await outcome(token({ iss: 'https://evil.test' }))).toBe('issuer_unknown')
    expect(await outcome(token({ iss: undefined }))).toBe('issuer_unknown')
    expect(await outcome(token({ aud: 'https://other.test' }))).toBe('audience_mismatch')
    const jwksUri = 'https://auth.example.com/jwks'
    expect(() => oauth({ jwksUri, audience: 'x' } as never)).toThrow(ConfigurationError)
    expect(() => oauth({ jwksUri, issuer: 'https://auth.example.com' } as never)).toThrow(ConfigurationError)
  })

  it('CVE-2026-37979 (Keycloak): what an issuer calls active for another audience is refused', async () => {
    const { opaque, outcome } = await testBed()
    expect(await outcome(opaque({ audience: 'https://other.test' }))).toBe('audience_mismatch')
    expect(await outcome(opaque({ audience: null }))).toBe('audience_mismatch')
  })

  it('CVE-2025-30144 / GHSA-gm45-q3v2-6cf8 (fast-jwt): an iss that is a list names no issuer', async () => {
    const { issuer, outcome, token } = await attackBed()
    for (const iss of [[issuer.url], ['https://evil.test', issuer.url], { 0: issuer.url }]) {
      expect(await outcome(token({ iss }))).toBe('issuer_unknown')
    }
  })

  it('CVE-2026-35039 / GHSA-rp9m-7r4c-75qg (fast-jwt): tokens with equal claims never share what is cached', async () => {
    const { verifier, token } = await attackBed()
    const [low, high] = [token({ scope: 'a' }), token({ scope: 'a admin', client_id: 'admin' })]
    for (let round = 0; round < 3; round += 1) {
      expect((await verifier.verify(low)).scopes).toEqual(['a'])
      expect((await verifier.verify(high)).clientId).toBe('admin')
    }
    // The same header and payload under another signature is another token.
    const [head, payload] = high.split('.')
    const forged = `${head}.${payload}.${low.split('.')[2]}`
    await expect(verifier.verify(forged)).rejects.toMatchObject({ reason: 'signature_invalid' })
  })

  it('CVE-2026-40575 / GHSA-7x63-xv5r-3p2x (oauth2-proxy): headers about another path or user open nothing', async () => {
    const { verifier, token } = await testBedWithCheck()
    const headers = {
      authorization: `Bearer ${token}`,
      'x-forwarded-uri': '/public',
      'x-original-url': '/public',
      'x-forwarded-user': 'admin',
    }
    const decision = await verifier.authorize({ method: 'GET', url: '/admin', headers }, ADMIN_ONLY)
    expect(decision.outcome).toBe('refused')
    const { authorization: _, ...without } = headers
    expect((await verifier.authorize({ url: '/admin', headers: without })).outcome).toBe('refused')
  })

  it('CVE-2026-34457 / GHSA-5hvv-m4w4-gf6v (oauth2-proxy): no User-Agent passes for a health check', async () => {
    const { verifier } = await testBed()
    for (const agent of ['GoogleHC/1.0', 'kube-probe/1.30', 'ELB-HealthChecker/2.0']) {
      const decision = await verifier.authorize({
        method: 'GET',
        url: '/ready',
        headers: { 'user-agent': agent },
      })
      expect(decision).toMatchObject({ outcome: 'refused', refusal: { reason: 'token_missing' } })
    }
  })
})

describe('keys, memory and logs', () => {
  it('CVE-2025-64527 / GHSA-mp85-7mrq-r866 and CVE-2024-45809 / GHSA-wqr5-qmq7-3qw3 (Envoy): tokens that arrive together while keys are fetched and the fetch fails are each undecidable', async () => {
    const { issuer, jwt, outcome, pass } = await testBed({
      issuers: (by) => [
        oauth(by.oauth({ jwksUri: `${by.url}/jwks` })),
        clerk(by.clerk({ jwksUri: `${by.url}/jwks` })),
      ],
    })
    issuer.fail('jwks', 'reset')
    const clerkToken = issuer.mintJwt({ provider: 'clerk' })
    const outcomes = await Promise.all(
      [jwt(), clerkToken, jwt(), clerkToken, 'a.b.c'].map((one) => outcome(one)),
    )
    expect(outcomes.slice(0, 4)).toEqual(Array(4).fill('keys_unavailable'))
    expect(outcomes[4]).toBe('token_undecodable')
    issuer.heal()
    pass(120)
    expect(await outcome(jwt())).toBe('accepted')
  })

  it('CVE-2025-2559 / GHSA-2935-2wfm-hhpv (Keycloak): tokens with a distant expiry do not fill the memory', async () => {
    const { issuer, outcome } = await testBed({ cache: { maxTokens: 10 } })
    const tokens = Array.from({ length: LONG }, () => issuer.mintOpaque({ expiresIn: '3650d' }))
    for (const token of tokens) expect(await outcome(token)).toBe('accepted')
    const before = issuer.calls.introspection
    // Only the last ones are still cached.
    for (const token of tokens.slice(-10)) expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(before)
    expect(await outcome(tokens[0]!)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(before + 1)
  })

  it('CVE-2024-45808 / GHSA-p222-xhp9-39rc (Envoy): what a caller sends adds no line to a log of events', async () => {
    const { events, verifier, jwt } = await testBed()
    const url = '/orders\r\n{"outcome":"accepted"}'
    for (const token of [jwt({ subject: 'a\r\n{"outcome":"accepted"}' }), 'x']) {
      await verifier.authorize({ method: 'GET', url, ...bearer(token) })
    }
    const log = events.map((event) => JSON.stringify(event)).join('\n')
    expect(log.split('\n')).toHaveLength(events.length)
  })
})

it('CVE-2025-64484 in reverse (oauth2-proxy): a header that is spelled with underscores is not Authorization', async () => {
  const { verifier, jwt } = await testBed()
  const decision = await verifier.authorize({ headers: { authorization_: `Bearer ${jwt()}` } })
  expect(decision).toMatchObject({ outcome: 'refused', refusal: { reason: 'token_missing' } })
})

const ADMIN_ONLY = { clients: 'admin' }

async function testBedWithCheck(): Promise<{
  readonly verifier: Verifier
  readonly token: string
}> {
  const { verifier, jwt } = await testBed()
  return { verifier, token: jwt({ clientId: 'billing' }) }
}
