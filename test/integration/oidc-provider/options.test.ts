import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { IntrospectionOptions, OAuthOptions } from '../../../src/index.js'
import { answerTo, outcomeOf } from '../../support/outcomes.js'
import {
  ANONYMOUS_CLIENT,
  CLIENT_KEY,
  EXTRA_CLAIMS,
  KEY_CLIENT,
  POST_CLIENT,
  resource,
} from './authorization-server.js'
import { authorizationServer, pass, verifierFor } from './support.js'

const server = authorizationServer()

const FORMATS = ['ES256', 'opaque'] as const

const BY_KEY = { authentication: 'private_key_jwt', clientId: KEY_CLIENT, privateKey: CLIENT_KEY } as const

const BY_FORM = {
  authentication: 'post',
  clientId: POST_CLIENT.id,
  clientSecret: POST_CLIENT.secret,
} as const

const REFUSED_US = { status: 503, reason: 'issuer_refused_us', challenge: undefined }

describe('introspection.authentication at the real server', () => {
  it.each<[string, Partial<OAuthOptions>]>([
    ['basic', {}],
    ['post', { introspection: BY_FORM }],
    ['private_key_jwt', { introspection: BY_KEY }],
    ['none', { introspection: { authentication: 'none', clientId: ANONYMOUS_CLIENT } }],
  ])("'%s' authenticates the API", async (_, options) => {
    const verifier = verifierFor(server(), 'opaque', options)
    const token = await server().obtain({ kind: 'opaque' })
    expect(await outcomeOf(verifier.verify(token, { scopes: 'orders:read' }))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(await server().obtain({ kind: 'opaque' })))).toBe('accepted')
    expect(verifier.health().issuers[0]).toMatchObject({ remote: { status: 'ok' } })
  })

  it.each<[string, IntrospectionOptions]>([
    ['a wrong secret in the form', { ...BY_FORM, clientSecret: 'wrong' }],
    ['a key that the server does not know', { ...BY_KEY, privateKey: foreignKey() }],
    ['an assertion for another audience', { ...BY_KEY, assertionAudience: 'https://elsewhere.test' }],
    ['no credentials of a client that must have some', { authentication: 'none', clientId: POST_CLIENT.id }],
  ])('%s makes opaque tokens undecidable and leaves JWTs alone', async (_, introspection) => {
    const opaque = verifierFor(server(), 'opaque', { introspection })
    expect(await answerTo(opaque, await server().obtain({ kind: 'opaque' }))).toMatchObject(REFUSED_US)
    const jwt = verifierFor(server(), 'ES256', { introspection })
    expect(await answerTo(jwt, await server().obtain({ kind: 'ES256' }))).toMatchObject({ status: 200 })
  })

  it('a secret from a function is read again when the server no longer accepts it', async () => {
    const { introspection } = server().oauth('opaque')
    const { clientId, clientSecret } = introspection as {
      readonly clientId: string
      readonly clientSecret: string
    }
    const secrets = ['before the rotation', clientSecret]
    const verifier = verifierFor(server(), 'opaque', {
      introspection: { clientId, clientSecret: () => secrets.shift()! },
    })
    expect(await outcomeOf(verifier.verify(await server().obtain({ kind: 'opaque' })))).toBe('accepted')
    pass(30)
    expect(await outcomeOf(verifier.verify(await server().obtain({ kind: 'opaque' })))).toBe('accepted')
    expect(secrets).toEqual([])
  })
})

describe('introspection of all tokens at the real server', () => {
  it('keys: false accepts opaque tokens without fetching keys', async () => {
    const on = server()
    const verifier = verifierFor(on, 'opaque', { keys: false })
    await verifier.ready()
    expect(await outcomeOf(verifier.verify(await on.obtain({ kind: 'opaque' })))).toBe('accepted')
    expect(on.requests).not.toContain('GET /jwks')
    expect(verifier.health().issuers[0]).not.toHaveProperty('keys')
  })

  // This server responds 400 unsupported_token_type to its own JWTs, so the option has to be left out for it.
  it.each<[string, Partial<OAuthOptions>]>([
    ['keys: false', { keys: false }],
    ['jwts: true', { introspection: { ...BY_KEY, jwts: true } }],
  ])(
    '%s: a JWT that the server does not introspect is never accepted, and other tokens are',
    async (_, option) => {
      const on = server()
      const verifier = verifierFor(on, 'opaque', {
        audience: [resource('opaque'), resource('ES256')],
        ...option,
      })
      const token = await on.obtain({ kind: 'ES256' })
      for (let attempt = 0; attempt < 6; attempt += 1) {
        expect(await outcomeOf(verifier.verify(token))).toBe('confirmation_impossible')
      }
      expect(await outcomeOf(verifier.verify(await on.obtain({ kind: 'opaque' })))).toBe('accepted')
      expect(verifier.health().issuers[0]).toMatchObject({ remote: { breaker: 'closed' } })
      expect(on.requests).not.toContain('GET /jwks')
    },
  )
})

describe.each(FORMATS)('claims that the real server adds, %s', (kind) => {
  it('clientClaims reads the client', async () => {
    const token = await server().obtain({ kind })
    const verifier = verifierFor(server(), kind, { clientClaims: ['machine'] })
    expect(await verifier.verify(token, { clients: EXTRA_CLAIMS.machine })).toMatchObject({
      clientId: EXTRA_CLAIMS.machine,
    })
    expect(await outcomeOf(verifier.verify(token, { clients: server().clientId }))).toBe('client_not_allowed')
  })

  it('scopeClaims reads scopes from a path', async () => {
    const token = await server().obtain({ kind })
    const verifier = verifierFor(server(), kind, { scopeClaims: [['access', 'roles']] })
    expect(await verifier.verify(token)).toMatchObject({ scopes: EXTRA_CLAIMS.access.roles })
    expect(await outcomeOf(verifier.verify(token, { scopes: 'orders:read' }))).toBe('scope_insufficient')
  })

  it('claims accepts matching tokens only', async () => {
    const token = await server().obtain({ kind })
    const requiring = (machine: string): Promise<string> =>
      outcomeOf(verifierFor(server(), kind, { claims: { machine } }).verify(token))
    expect(await requiring(EXTRA_CLAIMS.machine)).toBe('accepted')
    expect(await requiring('another')).toBe('claim_invalid')
  })
})

function foreignKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey
}
