import { describe, expect, it } from 'vitest'
import { createVerifier, oauth, type KeyOptions, type OAuthOptions } from '../../src/index.js'
import { keyOf } from '../support/tokens/forge.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed, type TestBed } from '../support/test-bed.js'

const ISSUER = 'https://issuer.test'

/** Requests as `authorization` by URL. */
type Sent = Record<string, string | undefined>

/** A verifier whose issuer is at `ISSUER`, through a `fetch` that records the header `authorization`. */
async function headersBed(
  extra: Partial<OAuthOptions> & { readonly keys?: KeyOptions },
  metadata: object = {},
): Promise<TestBed & { readonly sent: Sent }> {
  const sent: Sent = {}
  const bed = await testBed({
    mint: { claims: { iss: ISSUER } },
    issuers: (by) => [
      oauth({
        issuer: ISSUER,
        audience: by.audience,
        fetch: (input, init) => {
          const { url } = new Request(input)
          sent[url] = new Headers(init?.headers).get('authorization') ?? undefined
          if (url.includes('/redirected'))
            return Promise.resolve(Response.redirect('https://evil.test/jwks', 302))
          if (!url.includes('.well-known')) return Promise.resolve(Response.json(by.jwks()))
          return Promise.resolve(Response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}/jwks`, ...metadata }))
        },
        ...extra,
      }),
    ],
  })
  return { ...bed, sent }
}

const keys = { headers: () => ({ Authorization: 'Bearer pod-token' }) }
const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`

describe('keys.headers', () => {
  it('are sent for discovery and for keys at the origin of the issuer', async () => {
    const { jwt, outcome, sent } = await headersBed({ keys })
    expect(await outcome(jwt({ algorithm: 'RS256' }))).toBe('accepted')
    expect(sent).toEqual({ [DISCOVERY]: 'Bearer pod-token', [`${ISSUER}/jwks`]: 'Bearer pod-token' })
  })

  it.each(['https://evil.test/jwks', 'https://issuer.test:8443/jwks', 'https://issuer.test.evil.test/jwks'])(
    'are not sent to a discovered jwks_uri of another origin: %s',
    async (url) => {
      const { jwt, outcome, sent } = await headersBed({ keys }, { jwks_uri: url })
      expect(await outcome(jwt({ algorithm: 'RS256' }))).toBe('accepted')
      expect(sent).toEqual({ [DISCOVERY]: 'Bearer pod-token', [url]: undefined })
    },
  )

  it('are sent to a configured jwksUri of any origin', async () => {
    const jwksUri = 'https://keys.test/jwks'
    const { jwt, outcome, sent } = await headersBed({ keys, jwksUri })
    expect(await outcome(jwt({ algorithm: 'RS256' }))).toBe('accepted')
    expect(sent).toEqual({ [jwksUri]: 'Bearer pod-token' })
  })

  it('are not sent after a redirect, which is not followed', async () => {
    const jwksUri = `${ISSUER}/redirected`
    const { jwt, outcome, sent } = await headersBed({ keys, jwksUri })
    expect(await outcome(jwt())).toBe('keys_unavailable')
    expect(Object.keys(sent)).toEqual([jwksUri])
  })

  it('are not sent to the introspection endpoint', async () => {
    const endpoint = 'https://introspect.test/introspect'
    const introspection = { authentication: 'none', endpoint } as const
    const { outcome, sent } = await headersBed({ keys, introspection })
    await outcome('opaque')
    expect(sent).toEqual({ [endpoint]: undefined })
  })

  it('are read anew for each fetch, so that a token that rotates is used', async () => {
    let count = 0
    const rotating = { headers: () => Promise.resolve({ authorization: `Bearer ${(count += 1)}` }) }
    const { jwt, outcome, sent, pass } = await headersBed({ keys: rotating, jwksUri: `${ISSUER}/jwks` })
    await outcome(jwt())
    pass(700)
    await outcome(jwt())
    expect(sent).toEqual({ [`${ISSUER}/jwks`]: 'Bearer 2' })
  })

  it.each<[string, () => unknown, RegExp]>([
    ['throws', () => fail(new Error('s3cret')), /^keys\.headers failed$/],
    [
      'throws a system error',
      () => fail(Object.assign(new Error('s3cret'), { code: 'ENOENT' })),
      /failed \(ENOENT\)$/,
    ],
    ['rejects', () => Promise.reject(new Error('s3cret')), /^keys\.headers failed$/],
    ['returns a string', () => 's3cret', /must return an object/],
    ['returns a list', () => ['s3cret'], /must return an object/],
    ['returns nothing', () => undefined, /must return an object/],
    ['returns an invalid name', () => ({ 'a b': 's3cret' }), /header 1 is not a valid header name/],
    [
      'returns a value with a line break',
      () => ({ a: 's3cret\nx: y' }),
      /header 1 must have a value of printable ASCII/,
    ],
    ['returns a padded value', () => ({ a: 's3cret ' }), /printable ASCII/],
    ['returns a value that is not a string', () => ({ a: 7 }), /must have a string/],
    ['returns an undefined value', () => ({ authorization: undefined }), /authorization must have a string/],
    ['sets the host', () => ({ Host: 's3cret' }), /host cannot be set/],
    ['sets the framing', () => ({ 'Transfer-Encoding': 's3cret' }), /transfer-encoding cannot be set/],
    ['names a header twice', () => ({ a: 's3cret', A: 's3cret' }), /header 2 occurs twice/],
    [
      'writes a value in place of a name',
      () => ({ accept: 'x', s3cret: undefined }),
      /header 2 must have a string/,
    ],
    [
      'returns a getter that throws',
      () => ({
        get authorization() {
          return fail(new Error('s3cret\n\u001b[2J'))
        },
      }),
      /^keys\.headers failed$/,
    ],
    [
      'returns a proxy that throws',
      () => new Proxy({}, { ownKeys: () => fail(new Error('s3cret')) }),
      /^keys\.headers failed$/,
    ],
    [
      'returns a proxy without a prototype',
      () => new Proxy({}, { getPrototypeOf: () => fail(new Error('s3cret')) }),
      /^keys\.headers failed$/,
    ],
    [
      'returns a then that throws',
      () => ({
        get then() {
          return fail(new Error('s3cret'))
        },
      }),
      /^keys\.headers failed$/,
    ],
    [
      'throws an error whose properties throw',
      () => fail(Object.defineProperty(new Error('x'), 'code', { get: () => fail(new Error('s3cret')) })),
      /^keys\.headers failed$/,
    ],
  ])('a function that %s fails the fetch, with a cause and without the value', async (_, headers, cause) => {
    const { jwt, verifier, sent, events } = await headersBed({ keys: { headers: headers as never } })
    const refusal = await refusalOf(verifier.verify(jwt()))
    expect(refusal).toMatchObject({ reason: 'keys_unavailable', status: 503 })
    expect((refusal.cause as Error).message).toMatch(cause)
    const { failure } = verifier.health().issuers[0]?.keys ?? {}
    const ready = await verifier.ready().catch((error: unknown) => (error as Error).message)
    for (const text of [
      (refusal.cause as Error).message,
      refusal.detail,
      failure,
      ready,
      JSON.stringify(events),
    ])
      expect(text).not.toContain('s3cret')
    expect(sent).toEqual({})
  })

  it('have no effect where no keys are fetched, which is refused with both names', () => {
    const base = { issuer: ISSUER, audience: 'x', keys }
    expect(() => oauth({ ...base, jwks: { keys: [keyOf('ES256').jwk] } })).toThrow(
      /keys\.headers: has no effect with jwks/,
    )
    expect(() => createVerifier({ issuers: [oauth({ ...base, keys: { headers: 'x' as never } })] })).toThrow(
      /keys\.headers: must be a function/,
    )
  })
})

function fail(error: Error): never {
  throw error
}
