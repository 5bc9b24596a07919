import { describe, expect, it } from 'vitest'
import { outcomeOf } from '../../support/outcomes.js'
import { JWT_KINDS, KINDS, LIFETIME, resource } from './authorization-server.js'
import { authorizationServer, pass, verifierFor } from './support.js'

const server = authorizationServer()

const DISCOVERY = 'GET /.well-known/openid-configuration'
const KEYS = 'GET /jwks'
const TOKEN = 'POST /token'
const INTROSPECTION = 'POST /token/introspection'

describe.each(KINDS)('%s', (kind) => {
  it('a valid token is accepted, with its client, scopes, audience and expiry', async () => {
    const on = server()
    const token = await on.obtain({ kind, scope: 'orders:read orders:write' })
    const accepted = await verifierFor(on, kind).verify(token, { scopes: 'orders:read' })
    const now = Date.now() / 1000
    expect(accepted).toMatchObject({
      format: kind === 'opaque' ? 'opaque' : 'jwt',
      provider: 'oauth',
      issuer: on.issuer,
      subject: on.clientId,
      clientId: on.clientId,
      scopes: ['orders:read', 'orders:write'],
      audience: [resource(kind)],
      issuedAt: now,
      expiresAt: now + LIFETIME,
    })
  })

  it('scope and audience are validated', async () => {
    const on = server()
    const verifier = verifierFor(on, kind)
    const token = await on.obtain({ kind })
    expect(await outcomeOf(verifier.verify(token, { scopes: 'orders:write' }))).toBe('scope_insufficient')
    const foreign = await on.obtain({ kind, name: 'invoices' })
    expect(await outcomeOf(verifier.verify(foreign))).toBe('audience_mismatch')
  })

  it('age and lifetime are validated', async () => {
    const on = server()
    const verifier = verifierFor(on, kind)
    const token = await on.obtain({ kind })
    expect(await outcomeOf(verifier.verify(token, { maxTokenLifetime: LIFETIME }))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(token, { maxTokenLifetime: LIFETIME - 1 }))).toBe(
      'lifetime_too_long',
    )
    pass(59)
    expect(await outcomeOf(verifier.verify(token, { maxTokenAge: 60 }))).toBe('accepted')
    pass(1)
    expect(await outcomeOf(verifier.verify(token, { maxTokenAge: 60 }))).toBe('token_too_old')
  })

  it('an expired token is refused, cached or not', async () => {
    const on = server()
    const verifier = verifierFor(on, kind)
    const token = await on.obtain({ kind })
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    pass(LIFETIME + 5)
    expect(await outcomeOf(verifier.verify(token))).toBe('token_expired')
    const reason = kind === 'opaque' ? 'token_inactive' : 'token_expired'
    expect(await outcomeOf(verifierFor(on, kind).verify(token))).toBe(reason)
  })
})

describe.each(JWT_KINDS)('JWTs, %s', (kind) => {
  it('follow the profile of access tokens to the letter', async () => {
    const on = server()
    const strict = verifierFor(on, kind, { requireAccessTokenType: true })
    expect(await outcomeOf(strict.verify(await on.obtain({ kind })))).toBe('accepted')
  })

  it('are checked with keys fetched once, found by discovery', async () => {
    const on = server()
    const verifier = verifierFor(on, kind)
    const tokens = [await on.obtain({ kind }), await on.obtain({ kind })]
    for (const token of [...tokens, ...tokens])
      expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    expect(on.requests).toEqual([TOKEN, TOKEN, DISCOVERY, KEYS])
  })

  it('are refused if a claim was changed', async () => {
    const on = server()
    const [header, payload, signature] = (await on.obtain({ kind })).split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const raised = Buffer.from(JSON.stringify({ ...claims, scope: 'orders:write' })).toString('base64url')
    const forged = `${header}.${raised}.${signature}`
    expect(await outcomeOf(verifierFor(on, kind).verify(forged))).toBe('signature_invalid')
  })

  it('cannot be confirmed: the server refuses to say, which is not a no', async () => {
    const on = server()
    const verifier = verifierFor(on, kind)
    const token = await on.obtain({ kind })
    expect(await outcomeOf(verifier.verify(token, { confirmAfter: 60 }))).toBe('accepted')
    pass(60)
    expect(await outcomeOf(verifier.verify(token, { confirmAfter: 60 }))).toBe('confirmation_impossible')
    expect(await outcomeOf(verifier.verify(token, { confirmAfter: 0 }))).toBe('confirmation_impossible')
    expect(on.requests).toContain(INTROSPECTION)
    // Nothing is known about the token: without a required confirmation it is still accepted.
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
  })
})

describe('opaque tokens', () => {
  it('are introspected once, and the result is cached', async () => {
    const on = server()
    const verifier = verifierFor(on, 'opaque')
    const token = await on.obtain({ kind: 'opaque' })
    for (const _ of [1, 2, 3]) expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    expect(on.requests).toEqual([TOKEN, DISCOVERY, INTROSPECTION])
  })

  it('that are revoked are refused immediately if every request introspects, otherwise after 30 s', async () => {
    const on = server()
    const verifier = verifierFor(on, 'opaque')
    const [asked, remembered] = [await on.obtain({ kind: 'opaque' }), await on.obtain({ kind: 'opaque' })]
    for (const token of [asked, remembered]) {
      expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
      expect((await on.revoke(token)).status).toBe(200)
    }
    expect(await outcomeOf(verifier.verify(asked, { confirmAfter: 0 }))).toBe('token_inactive')
    pass(29)
    expect(await outcomeOf(verifier.verify(remembered))).toBe('accepted')
    pass(1)
    expect(await outcomeOf(verifier.verify(remembered))).toBe('token_inactive')
  })

  it('that the issuer did not issue are refused', async () => {
    expect(await outcomeOf(verifierFor(server(), 'opaque').verify('nobody-issued-this'))).toBe(
      'token_inactive',
    )
  })

  it('are undecidable with credentials of ours that the server does not know', async () => {
    const on = server()
    const token = await on.obtain({ kind: 'opaque' })
    for (const clientSecret of ['wrong', 'api: 100% + a secret & mor']) {
      const introspection = { clientId: 'orders:api/1', clientSecret }
      const misconfigured = verifierFor(on, 'opaque', { introspection })
      expect(await outcomeOf(misconfigured.verify(token))).toBe('issuer_refused_us')
    }
  })
})

describe('discovery at the real server', () => {
  it('makes the verifier ready before traffic', async () => {
    const on = server()
    const verifier = verifierFor(on, 'ES256')
    await verifier.ready()
    expect(on.requests).toEqual([DISCOVERY, KEYS])
    expect(verifier.health().status).toBe('ok')
    const token = await on.obtain({ kind: 'ES256' })
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    expect(on.requests).toEqual([DISCOVERY, KEYS, TOKEN])
  })

  it('does not accept the document of another issuer', async () => {
    const on = server()
    const elsewhere = on.issuer.replace('127.0.0.1', 'localhost')
    const toServer: typeof fetch = (input, init) => {
      const address = new URL(input)
      address.hostname = '127.0.0.1'
      return fetch(address, init)
    }
    const verifier = verifierFor(on, 'ES256', { issuer: elsewhere, fetch: toServer })
    await expect(verifier.ready()).rejects.toThrow(elsewhere)
    expect(on.requests).toContain(DISCOVERY)
    expect(on.requests).not.toContain(KEYS)
    expect(await outcomeOf(verifier.verify(await on.obtain({ kind: 'ES256' })))).toBe('issuer_unknown')
  })
})
