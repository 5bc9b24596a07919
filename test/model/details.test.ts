import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createVerifier, oauth, Refusal, type Policy } from '../../src/index.js'
import { thrownRefusal } from '../../src/model/refusal/refusal.js'
import { failureOf, refusalOf } from '../support/outcomes.js'
import { bearer, testBed, type TestBed } from '../support/test-bed.js'

async function detailOf({ verifier }: Pick<TestBed, 'verifier'>, token: string, policy?: Policy) {
  return (await refusalOf(verifier.verify(token, policy))).detail
}

describe('the detail of a refusal states what was compared with what', () => {
  it.each<[string, (bed: TestBed) => string, RegExp, Policy?]>([
    [
      'issuer_unknown: a trailing slash',
      ({ jwt, issuer }) => jwt({ claims: { iss: `${issuer.url}/` } }),
      /^iss is "http.+\/", and the configured issuer is "http.+": they differ only in a trailing slash$/,
    ],
    [
      'issuer_unknown: letter case and scheme',
      ({ jwt, issuer }) => jwt({ claims: { iss: issuer.url.replace('http://', 'HTTPS://') } }),
      /differ only in the scheme/,
    ],
    [
      'issuer_unknown: the closest one',
      ({ jwt }) => jwt({ claims: { iss: 'https://elsewhere.test' } }),
      /^iss is "https:\/\/elsewhere\.test", and the configured issuer is "http:/,
    ],
    ['issuer_unknown: absent', ({ jwt }) => jwt({ claims: { iss: 7 } }), /^iss is a number, and must be/],
    [
      'audience_mismatch',
      ({ jwt }) => jwt({ audience: 'https://other.test' }),
      /^aud is \["https:\/\/other\.test"\], and the configured audience is \[".+"\]$/,
    ],
    [
      'key_unknown: the key ids at hand',
      ({ jwt }) => jwt({ header: { kid: 'unknown' } }),
      /^kid is "unknown" \(alg "ES256"\), and the key set lists \[".+"\]$/,
    ],
    [
      'key_unknown: listed for another alg',
      ({ jwt }) => jwt({ header: { alg: 'RS256' } }),
      /^kid ".+" is listed for \["ES256"\], and alg is "RS256"$/,
    ],
    [
      'algorithm_not_allowed',
      ({ jwt }) => jwt({ header: { alg: 'HS256' } }),
      /^alg is "HS256", and algorithms/,
    ],
    [
      'type_not_allowed',
      ({ jwt }) => jwt({ header: { typ: 'dpop+jwt' } }),
      /^typ is "dpop\+jwt", and must be at\+jwt or JWT$/,
    ],
    ['claim_missing', ({ jwt }) => jwt({ expiresIn: null }), /^the claim exp is absent$/],
    [
      'claim_invalid',
      ({ jwt }) => jwt({ claims: { exp: 'tomorrow' } }),
      /^exp must be a number of seconds since the epoch, and is a string$/,
    ],
    [
      'token_expired',
      ({ jwt }) => jwt({ age: 60, expiresIn: -6 }),
      /^exp was \d{4}-\d\d-\d\dT[\d:]+Z, 6 s before \d{4}-.+Z; clockTolerance is 5 s$/,
    ],
    [
      'token_too_old',
      ({ jwt }) => jwt({ age: 90 }),
      /^the token is 90 s old \(iat .+Z\), and maxTokenAge is 60 s$/,
      { maxTokenAge: 60 },
    ],
    [
      'scope_insufficient',
      ({ jwt }) => jwt({ scopes: 'a' }),
      /^the token lacks "b"; it has \["a"\], and the policies require "a", "b"$/,
      { scopes: 'a b' },
    ],
    [
      'client_not_allowed',
      ({ jwt }) => jwt({ clientId: 'billing' }),
      /^the client is "billing", and clients allows \["orders"\]$/,
      { clients: 'orders' },
    ],
    ['check_failed', ({ jwt }) => jwt(), /^check returned false, not true$/, { check: () => false }],
    ['token_malformed', () => 'ab cd', /^the character U\+0020 at position 3 of the token is not allowed/],
    ['token_too_large', () => 'x'.repeat(9000), /^the token has 9000 characters, and the limit is 8192$/],
    ['token_undecodable', () => 'abc.def.ghi', /^the first part of the token is not strict base64url/],
    ['token_inactive', () => 'unknown', /active: false/],
    ['proof_missing', ({ jwt }) => jwt({ confirmation: { jkt: 'x' } }), /cnf/],
  ])('%s', async (_, token, detail, policy) => {
    const bed = await testBed()
    expect(await detailOf(bed, token(bed), policy)).toMatch(detail)
  })

  it.each<[string, object, RegExp]>([
    ['no header', {}, /^the request has no Authorization header$/],
    ['another scheme', { authorization: 'Basic eDp5' }, /has the scheme Basic, not Bearer$/],
    [
      'a bare token, which is not quoted',
      { authorization: 'secret-token' },
      /^the Authorization header does not start with/,
    ],
    ['several headers', { authorization: ['Bearer a', 'Bearer b'] }, /several Authorization headers/],
  ])('a request with %s', async (_, headers, detail) => {
    const { verifier, events } = await testBed()
    await verifier.authorize({ headers: headers as never })
    expect(events[0]!.detail).toMatch(detail)
  })

  it('keys_unavailable and issuer_unavailable: the URL, what came back, since when, and the next attempt', async () => {
    const bed = await testBed()
    bed.issuer.fail('jwks', 500)
    bed.issuer.fail('introspection', 500)
    expect(await detailOf(bed, bed.jwt())).toMatch(
      /^key set: status 500 from http.+\/jwks; failing since .+Z, next attempt in [\d.]+ s$/,
    )
    expect(await detailOf(bed, bed.opaque())).toMatch(/status 500 from http.+; failing since .+Z$/)
  })

  it('a cached refusal keeps its detail', async () => {
    const bed = await testBed()
    const first = await detailOf(bed, 'unknown')
    const calls = bed.issuer.calls.introspection
    expect(await detailOf(bed, 'unknown')).toBe(first)
    expect(bed.issuer.calls.introspection).toBe(calls)
  })
})

describe('a detail', () => {
  it('is not enumerable, and in no JSON, message, stack, header or inspection', async () => {
    const bed = await testBed()
    const refusal = await refusalOf(bed.verifier.verify(bed.jwt({ audience: 'https://other.test' })))
    expect(refusal.detail).toContain('other.test')
    const { message, stack, headers, description } = refusal
    const visible = [
      JSON.stringify(refusal),
      inspect(refusal, { showHidden: true }),
      message,
      stack,
      JSON.stringify(headers),
      description,
    ]
    expect(visible.join(' ')).not.toContain('other.test')
    expect(Object.keys(refusal)).not.toContain('detail')
  })

  it('survives withRealm, withOrigin and the conversion from another copy of the package', () => {
    const refusal = new Refusal('token_expired', { detail: 'a detail' })
    const copy = Object.create(Refusal.prototype, {
      ...Object.getOwnPropertyDescriptors(refusal),
      detail: { value: 'a detail' },
    }) as Refusal
    for (const converted of [
      refusal.withRealm('x'),
      refusal.withOrigin('issuer', 'local'),
      thrownRefusal(copy),
    ])
      expect(converted.detail).toBe('a detail')
  })

  it('has at most 500 characters, and control, bidirectional and invisible characters are escaped', async () => {
    const { detail } = new Refusal('check_failed', { detail: `\n\u202e\u200b\u0007${'x'.repeat(9000)}` })
    expect(detail).toHaveLength(500)
    expect(detail).toMatch(/^\\u000a\\u202e\\u200b\\u0007x+…$/)
    const bed = await testBed()
    for (const iss of ['\u202e\n\u001b[31m"\\', 'x'.repeat(4000), 'https://\u0430uth.test'])
      expect(await detailOf(bed, bed.jwt({ claims: { iss } }))).toMatch(/^[\x20-\x7e…]{1,500}$/)
  })

  it('of a custom function that throws is absent', () => {
    const detail = () => {
      throw new Error('x')
    }
    expect(new Refusal('check_failed', { detail }).detail).toBeUndefined()
  })
})

const OTHER_ISSUER: readonly (readonly [string, (url: string) => string, RegExp])[] = [
  [
    'a trailing slash',
    (url) => `${url}/`,
    /names the issuer "http.+\/", not the configured "http.+"\. They differ only in a trailing slash: set the option issuer/,
  ],
  [
    'a placeholder',
    (url) => `${url}/{tenantid}`,
    /template for all tenants: set the option issuer to the URL of one tenant/,
  ],
]

describe('the first hour', () => {
  it.each(OTHER_ISSUER)(
    'ready() quotes the discovery document of another issuer, with a hint: %s',
    async (_, other, expected) => {
      const { issuer, verifier } = await testBed()
      issuer.fail('discovery', { body: { issuer: other(issuer.url), jwks_uri: `${issuer.url}/jwks` } })
      expect((await failureOf(verifier.ready())).message).toMatch(expected)
    },
  )

  it('ready() names the issuer, the URL, what came back and what to do', async () => {
    const { issuer, verifier } = await testBed()
    issuer.fail('jwks', 404)
    expect((await failureOf(verifier.ready())).message).toBe(
      `not ready: ${issuer.url} (status 404 from ${issuer.url}/jwks. Check the URL in the configuration: issuer, jwksUri or the endpoint of the introspection)`,
    )
  })

  it.each<[string, object, number]>([
    ['without an observer', {}, 1],
    ['with onIssuerEvent', { onIssuerEvent: () => undefined }, 0],
    ['with onDecision', { onDecision: () => undefined }, 0],
  ])('the first failure of an issuer emits a process warning once: %s', async (_, observers, count) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    onTestFinished(() => warn.mockRestore())
    const { issuer, clock, jwt, opaque } = await testBed()
    const verifier = createVerifier({
      issuers: [oauth(issuer.oauth({}))],
      clock,
      ...observers,
    })
    issuer.fail('all', 500)
    for (const token of [jwt(), jwt(), opaque()]) await verifier.authorize(bearer(token))
    expect(warn).toHaveBeenCalledTimes(count)
    if (count > 0)
      expect(warn.mock.calls[0]).toMatchObject([
        expect.stringContaining(`${issuer.url}: `),
        { code: 'M2M_GUARD_ISSUER_FAILURE' },
      ])
  })
})
