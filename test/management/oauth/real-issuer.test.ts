import { describe, expect, it } from 'vitest'
import { oauthTokens, type OAuthTokens } from '../../../src/management/index.js'
import { LIFETIME, resource } from '../../integration/oidc-provider/authorization-server.js'
import { authorizationServer, pass } from '../../integration/oidc-provider/support.js'
import { failureOf } from '../../support/outcomes.js'

const server = authorizationServer()

function tokensOf(authentication: 'basic' | 'post' = 'basic'): OAuthTokens {
  const { issuer, introspection } = server().oauth('opaque')
  const { clientId, clientSecret } = introspection as { clientId: string; clientSecret: string }
  return oauthTokens({ issuer, clientId, clientSecret, authentication })
}

const DISCOVERY = 'GET /.well-known/openid-configuration'

describe('at a certified third-party authorization server', () => {
  it.each(['basic', 'post'] as const)(
    'by %s: an opaque token is introspected, revoked, and then inactive',
    async (authentication) => {
      const on = server()
      const token = await on.obtain({ kind: 'opaque', scope: 'orders:read orders:write' })
      on.requests.length = 0
      const tokens = tokensOf(authentication)
      const now = Date.now() / 1000
      expect(await tokens.introspect({ token, tokenTypeHint: 'access_token' })).toMatchObject({
        active: true,
        scopes: ['orders:read', 'orders:write'],
        clientId: on.clientId,
        audience: [resource('opaque')],
        issuer: on.issuer,
        issuedAt: now,
        expiresAt: now + LIFETIME,
      })
      expect(await tokens.revoke({ token })).toBeUndefined()
      expect(await tokens.introspect({ token })).toMatchObject({ active: false, claims: { active: false } })
      expect(on.requests).toEqual([
        DISCOVERY,
        'POST /token/introspection',
        'POST /token/revocation',
        'POST /token/introspection',
      ])
    },
  )

  it('an expired or unknown token is inactive, and revoking it succeeds', async () => {
    const on = server()
    const expired = await on.obtain({ kind: 'opaque' })
    pass(LIFETIME + 1)
    for (const token of [expired, 'nobody-issued-this']) {
      expect(await tokensOf().introspect({ token })).toMatchObject({ active: false })
      expect(await tokensOf().revoke({ token })).toBeUndefined()
    }
  })

  it.each(['introspect', 'revoke'] as const)(
    '%s fails for a JWT, which this server does not support',
    async (operation) => {
      const token = await server().obtain({ kind: 'ES256' })
      const error = await failureOf(tokensOf()[operation]({ token }))
      expect(error).toMatchObject({ status: 400, code: 'unsupported_token_type', isUncertain: false })
      expect(error.message).not.toContain(token)
    },
  )

  it('a wrong secret is an error that does not contain it', async () => {
    const { issuer } = server()
    const tokens = oauthTokens({ issuer, clientId: 'orders:api/1', clientSecret: 'wrong: 100%' })
    for (const operation of ['introspect', 'revoke'] as const) {
      const error = await failureOf(tokens[operation]({ token: 'x' }))
      expect(error).toMatchObject({ status: 401, code: 'invalid_client' })
      expect(error.message).not.toContain('wrong: 100%')
    }
  })
})
