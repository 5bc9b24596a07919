// better-auth is the second real authorization server, besides oidc-provider, because npm installs it: the tests need no
// root, no package manager of an operating system and, once installed, no network. Where oidc-provider refuses to
// introspect its own JWTs, this server introspects them. Its metadata is that of RFC 8414 only, and its issuer has a path.
import { describe, expect, it } from 'vitest'
import { outcomeOf } from '../../support/outcomes.js'
import { INVOICES, ORDERS, ORDERS_LIFETIME } from './authorization-server.js'
import { KINDS, type Kind } from './instance.js'
import { pass, runningServers, verifierFor } from './support.js'

const servers = runningServers()

/** What the first introspected token takes: OpenID Connect metadata is absent, so that of RFC 8414 is read. */
const FIRST_INTROSPECTION = (kind: Kind): readonly string[] => [
  `GET /${kind}/.well-known/openid-configuration`,
  `GET /.well-known/oauth-authorization-server/${kind}`,
  `POST /${kind}/oauth2/introspect`,
]

describe.each(KINDS)('%s', (kind) => {
  it('a token by client credentials is accepted, with its client, scopes, audience and expiry', async () => {
    const server = servers()[kind]
    const token = await server.obtain({ scope: 'orders:read orders:write' })
    const accepted = await verifierFor(server).verify(token, { scopes: 'orders:read' })
    const now = Date.now() / 1000
    expect(accepted).toMatchObject({
      format: kind,
      provider: 'oauth',
      issuer: server.issuer,
      clientId: server.clientId,
      scopes: ['orders:read', 'orders:write'],
      audience: [ORDERS],
      issuedAt: now,
      expiresAt: now + ORDERS_LIFETIME,
    })
  })

  it('a token without a required scope is refused, cached or not', async () => {
    const server = servers()[kind]
    const verifier = verifierFor(server)
    const token = await server.obtain({ scope: 'orders:read' })
    for (const _ of ['not cached', 'cached']) {
      expect(await outcomeOf(verifier.verify(token, { scopes: 'orders:write' }))).toBe('scope_insufficient')
    }
    expect(await outcomeOf(verifier.verify(token, { scopes: 'orders:read' }))).toBe('accepted')
  })

  it('a token for another API is refused', async () => {
    const server = servers()[kind]
    const token = await server.obtain({ resource: INVOICES })
    expect(await outcomeOf(verifierFor(server).verify(token))).toBe('audience_mismatch')
    expect(await outcomeOf(verifierFor(server, { audience: INVOICES }).verify(token))).toBe('accepted')
  })

  it('an expired token is refused, cached or not', async () => {
    const server = servers()[kind]
    const verifier = verifierFor(server)
    const token = await server.obtain()
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    pass(ORDERS_LIFETIME + 5)
    expect(await outcomeOf(verifier.verify(token))).toBe('token_expired')
    const reason = kind === 'opaque' ? 'token_inactive' : 'token_expired'
    expect(await outcomeOf(verifierFor(server).verify(token))).toBe(reason)
  })
})

describe('JWTs of a server that introspects them', () => {
  it('are introspected once instead of verified with keys, if the API sets the option', async () => {
    const { jwt, requests } = servers()
    const introspection = { ...jwt.oauth().introspection, jwts: true }
    const verifier = verifierFor(jwt, { introspection })
    const token = await jwt.obtain()
    requests.length = 0
    for (const _ of [1, 2, 3]) {
      expect(await verifier.verify(token)).toMatchObject({ format: 'jwt', clientId: jwt.clientId })
    }
    expect(requests).toEqual(FIRST_INTROSPECTION('jwt'))
  })

  it('are never accepted with a changed claim, and forged ones delay no valid one', async () => {
    const { jwt } = servers()
    const token = await jwt.obtain()
    const introspection = { ...jwt.oauth().introspection, jwts: true }
    const introspecting = verifierFor(jwt, { introspection })
    for (const attempt of Array.from({ length: 12 }).keys()) {
      const forged = forge(token, { scope: 'orders:write', attempt })
      expect(await outcomeOf(verifierFor(jwt).verify(forged))).toBe('signature_invalid')
      // The server responds 500 to an invalid signature, which says nothing about the token.
      expect(await outcomeOf(introspecting.verify(forged))).toBe('issuer_unavailable')
    }
    expect(await outcomeOf(introspecting.verify(token))).toBe('accepted')
  })

  it('are confirmed by the server when they are too old, and refused once their client is disabled', async () => {
    const { jwt, requests } = servers()
    const verifier = verifierFor(jwt)
    const token = await jwt.obtain()
    expect(await outcomeOf(verifier.verify(token, { confirmAfter: 60 }))).toBe('accepted')
    expect(requests).not.toContain('POST /jwt/oauth2/introspect')
    pass(60)
    expect(await outcomeOf(verifier.verify(token, { confirmAfter: 60 }))).toBe('accepted')
    expect(requests).toContain('POST /jwt/oauth2/introspect')
    await jwt.setCallerDisabled(true)
    try {
      pass(60)
      expect(await outcomeOf(verifier.verify(token, { confirmAfter: 60 }))).toBe('token_inactive')
    } finally {
      await jwt.setCallerDisabled(false)
    }
  })
})

describe('opaque tokens', () => {
  it('are introspected once, and the result is cached', async () => {
    const { opaque, requests } = servers()
    const verifier = verifierFor(opaque)
    const token = await opaque.obtain()
    requests.length = 0
    for (const _ of [1, 2, 3]) expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    expect(requests).toEqual(FIRST_INTROSPECTION('opaque'))
  })

  it('that are revoked are refused immediately if every request introspects, otherwise after 30 s', async () => {
    const { opaque } = servers()
    const verifier = verifierFor(opaque)
    const [asked, cached] = [await opaque.obtain(), await opaque.obtain()]
    for (const token of [asked, cached]) {
      expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
      expect((await opaque.revoke(token)).status).toBe(200)
    }
    expect(await outcomeOf(verifier.verify(asked, { confirmAfter: 0 }))).toBe('token_inactive')
    pass(29)
    expect(await outcomeOf(verifier.verify(cached))).toBe('accepted')
    pass(1)
    expect(await outcomeOf(verifier.verify(cached))).toBe('token_inactive')
  })

  it('of a client that was disabled are refused after 30 s', async () => {
    const { opaque } = servers()
    const verifier = verifierFor(opaque)
    const token = await opaque.obtain()
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    await opaque.setCallerDisabled(true)
    try {
      pass(30)
      expect(await outcomeOf(verifier.verify(token))).toBe('token_inactive')
    } finally {
      await opaque.setCallerDisabled(false)
    }
  })

  it('that the server did not issue are refused', async () => {
    expect(await outcomeOf(verifierFor(servers().opaque).verify('unknown-token'))).toBe('token_inactive')
  })
})

/** A JWT with changed claims and the signature of the original. */
function forge(token: string, changes: object): string {
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url')
  return [header, changed, signature].join('.')
}
