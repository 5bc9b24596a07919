import { describe, expect, it } from 'vitest'
import { createVerifier, oauth, type IntrospectionOptions, type Issuer } from '../../../src/index.js'
import { keyOf, seal } from '../../support/tokens/forge.js'
import { refusalOf } from '../../support/outcomes.js'

const ISSUER = 'https://issuer.test'
const POD_TOKEN = `eyJhbGciOiJSUzI1NiJ9.${'P'.repeat(60)}.signature`
const SECRET = 'client-secret/1234567890+ä'
const BASIC = Buffer.from(`orders:${new URLSearchParams({ '': SECRET }).toString().slice(1)}`).toString(
  'base64',
)
const KEY = keyOf('ES256', 'own')
const TOKEN = seal(KEY, { alg: 'ES256', kid: 'unknown' }, { iss: ISSUER, aud: 'orders', sub: 's', exp: 4e9 })

/** Everything that observers of a refused token can see. */
async function seen(issuer: Issuer, token: string): Promise<string> {
  const events: unknown[] = []
  const observe = (event: unknown): void => void events.push(event)
  const verifier = createVerifier({ issuers: [issuer], onDecision: observe, onIssuerEvent: observe })
  const { detail, cause, description } = await refusalOf(verifier.verify(token))
  const ready = await verifier.ready().catch((error: unknown) => (error as Error).message)
  return JSON.stringify([detail, String(cause), description, events, verifier.health(), ready])
}

type Echo = (authorization: string) => unknown

describe('keys.headers that a response repeats', () => {
  const document = { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` }

  it.each<[string, Echo, Echo]>([
    ['issuer', (echo) => ({ ...document, issuer: echo }), () => ({ keys: [] })],
    ['issuer, without its scheme', (echo) => ({ ...document, issuer: echo.slice(7) }), () => ({ keys: [] })],
    [
      'a URL',
      (echo) => ({ ...document, issuer: `${ISSUER}/${encodeURIComponent(echo)}` }),
      () => ({ keys: [] }),
    ],
    ['kid', () => document, (echo) => ({ keys: [{ ...KEY.jwk, kid: echo }] })],
    ['issuer of a key', () => document, (echo) => ({ keys: [{ ...KEY.jwk, kid: 'unknown', issuer: echo }] })],
  ])('are in no detail, event, health() or error: %s', async (_, metadata, keys) => {
    const fetched: typeof fetch = (input, init) => {
      const { url, headers } = new Request(input, init)
      const echo = headers.get('authorization') ?? ''
      return Promise.resolve(Response.json(url.includes('.well-known') ? metadata(echo) : keys(echo)))
    }
    const headers = (): Record<string, string> => ({ authorization: `Bearer ${POD_TOKEN}` })
    const issuer = oauth({ issuer: ISSUER, audience: 'orders', fetch: fetched, keys: { headers } })
    const text = await seen(issuer, TOKEN)
    expect(text).not.toContain('PPPPPPPP')
    expect(text).toContain('[secret]')
  })

  it('do not change a document that rightly contains the value of a header for another purpose', async () => {
    const issuer = oauth({
      issuer: `${ISSUER}/acme-corporation`,
      audience: 'orders',
      fetch: (input) =>
        Promise.resolve(
          Response.json(
            new Request(input).url.includes('.well-known')
              ? { issuer: `${ISSUER}/acme-corporation`, jwks_uri: `${ISSUER}/acme-corporation/keys` }
              : { keys: [KEY.jwk] },
          ),
        ),
      keys: { headers: () => ({ 'x-tenant': 'acme-corporation' }) },
    })
    await expect(createVerifier({ issuers: [issuer] }).ready()).resolves.toBeUndefined()
  })
})

describe('credentials of introspection that a response repeats', () => {
  const CLIENT = { clientId: 'orders', clientSecret: SECRET } as const
  const members = (echo: string): readonly object[] => [
    { iss: echo, aud: 'orders' },
    { token_type: echo, aud: 'orders' },
    { aud: echo },
  ]

  it.each<[string, IntrospectionOptions, string]>([
    ['the secret', CLIENT, SECRET],
    ['the form-encoded secret', CLIENT, encodeURIComponent(SECRET)],
    ['the Basic value', CLIENT, `Basic ${BASIC}`],
    ['the base64 value', CLIENT, BASIC],
    ['the secret in the form', { ...CLIENT, authentication: 'post' }, SECRET],
    [
      'the bearer token',
      { authentication: 'bearer', bearerToken: 'bearer-token-0123456789' },
      'bearer-token-0123456789',
    ],
  ])('are in no detail, event, health() or error: %s', async (_, credentials, echo) => {
    for (const stated of members(`see ${echo}`)) {
      const issuer = oauth({
        issuer: ISSUER,
        audience: 'orders',
        keys: false,
        introspection: { ...credentials, endpoint: `${ISSUER}/introspect` },
        fetch: () => Promise.resolve(Response.json({ active: true, sub: 's', ...stated })),
      })
      const text = await seen(issuer, 'opaque-token-0123456789')
      for (const form of [SECRET, BASIC, echo]) expect(text).not.toContain(form)
      expect(text).toContain('[secret]')
    }
  })

  it.each<[string, IntrospectionOptions, string]>([
    ['the secret', CLIENT, SECRET],
    ['the id and the secret', CLIENT, `orders:${SECRET}`],
    ['the secret in the form', { ...CLIENT, authentication: 'post' }, SECRET],
    [
      'the bearer token',
      { authentication: 'bearer', bearerToken: 'bearer-token-0123456789' },
      'bearer-token-0123456789',
    ],
  ])('are masked inside a string in base64: %s', async (_, credentials, secret) => {
    for (const before of ['', 'x', 'xy', 'the client sent: ']) {
      for (const alphabet of ['base64', 'base64url'] as const) {
        const echo = Buffer.from(`${before}${secret} (rejected)`).toString(alphabet)
        for (const stated of members(echo)) {
          const issuer = oauth({
            issuer: ISSUER,
            audience: 'orders',
            keys: false,
            introspection: { ...credentials, endpoint: `${ISSUER}/introspect` },
            fetch: () => Promise.resolve(Response.json({ active: true, sub: 's', ...stated })),
          })
          const text = await seen(issuer, 'opaque-token-0123456789')
          expect(text).toContain('[secret]')
          const middle = Math.ceil(((before.length + secret.length / 2) * 8) / 6)
          expect(text).not.toContain(echo.slice(middle - 6, middle + 6))
        }
      }
    }
  })

  it('a client assertion is in no detail either', async () => {
    const { privateKey } = keyOf('ES256', 'client')
    let assertion = ''
    const issuer = oauth({
      issuer: ISSUER,
      audience: 'orders',
      keys: false,
      introspection: {
        authentication: 'private_key_jwt',
        clientId: 'orders',
        privateKey,
        endpoint: `${ISSUER}/i`,
      },
      fetch: async (input, init) => {
        assertion = new URLSearchParams(await new Request(input, init).text()).get('client_assertion') ?? ''
        return Response.json({ active: true, sub: 's', aud: assertion })
      },
    })
    const text = await seen(issuer, 'opaque-token-0123456789')
    expect(assertion.split('.')).toHaveLength(3)
    expect(text).not.toContain(assertion.slice(0, 40))
  })

  it('the client id is not masked, even if it is the secret', async () => {
    const issuer = oauth({
      issuer: ISSUER,
      audience: 'orders',
      keys: false,
      introspection: {
        clientId: 'development',
        clientSecret: 'development',
        endpoint: `${ISSUER}/introspect`,
      },
      fetch: () =>
        Promise.resolve(Response.json({ active: true, sub: 's', client_id: 'development', aud: 'orders' })),
    })
    const token = await createVerifier({ issuers: [issuer] }).verify('opaque-token-0123456789')
    expect(token.clientId).toBe('development')
  })
})

describe('an error of custom code', () => {
  it('a request function of a custom issuer that throws is reported without its message', async () => {
    const base = oauth({
      issuer: ISSUER,
      audience: 'orders',
      keys: false,
      introspection: { authentication: 'none', endpoint: `${ISSUER}/introspect` },
    })
    const request = (): never => {
      throw new Error('vault: lease of s.SECRET expired\n\u001b[2J')
    }
    const text = await seen({ ...base, remote: { ...base.remote!, request } }, 'opaque-token-0123456789')
    expect(text).toContain('the request function of the issuer threw an error')
    expect(text).not.toContain('s.SECRET')
  })
})
