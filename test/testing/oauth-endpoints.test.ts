import { describe, expect, it } from 'vitest'
import { clerk, createVerifier, oauth } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { outcomeOf } from '../support/outcomes.js'
import { NOW, START } from '../support/clock.js'
import { type JsonRequest, type JsonResponse, send } from '../support/servers/http.js'
import { decode } from '../support/tokens/jwt.js'
import { startIssuer } from '../support/test-bed.js'

const GRANT = { grant_type: 'client_credentials' }

function basicOf(issuer: TestIssuer): readonly [string, string] {
  return [issuer.client.clientId, issuer.client.clientSecret]
}

async function obtain(
  issuer: TestIssuer,
  form: Record<string, string> | URLSearchParams = {},
): Promise<JsonResponse> {
  const all = new URLSearchParams(form)
  all.set('grant_type', 'client_credentials')
  return send(`${issuer.url}/token`, { basic: basicOf(issuer), form: all })
}

it('a body of more than 1 MiB is refused, and the issuer goes on', async () => {
  const issuer = await startIssuer()
  const sizeOf = async (bytes: number) => {
    const body = `grant_type=client_credentials&padding=${'x'.repeat(bytes)}`
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${btoa(basicOf(issuer).join(':'))}`,
    }
    const response = await fetch(`${issuer.url}/token`, { method: 'POST', headers, body })
    return [response.status, ((await response.json()) as { readonly error?: string }).error]
  }
  expect(await sizeOf(1024 * 1024)).toEqual([413, 'invalid_request'])
  expect(await sizeOf(1000 * 1000)).toEqual([200, undefined])
})

describe('discovery', () => {
  it.each(['openid-configuration', 'oauth-authorization-server'])('%s lists every endpoint', async (name) => {
    const issuer = await startIssuer()
    const { status, json, headers } = await send(`${issuer.url}/.well-known/${name}`)
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(json).toMatchObject({
      issuer: issuer.url,
      jwks_uri: `${issuer.url}/jwks`,
      token_endpoint: `${issuer.url}/token`,
      introspection_endpoint: `${issuer.url}/introspect`,
      revocation_endpoint: `${issuer.url}/revoke`,
      grant_types_supported: [
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:jwt-bearer',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
    })
  })
})

describe('the token endpoint', () => {
  it('issues a JWT, or an opaque token if requested, that the guard accepts', async () => {
    const issuer = await startIssuer()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())], clock: () => START })
    for (const form of [{ scope: 'a b' }, { scope: 'a b', token_format: 'opaque' }]) {
      const { status, json, headers } = await obtain(issuer, form)
      expect(status).toBe(200)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'a b' })
      const token = await verifier.verify(json['access_token'] as string, { scopes: 'a b' })
      expect(token).toMatchObject({
        format: 'token_format' in form ? 'opaque' : 'jwt',
        clientId: issuer.client.clientId,
        expiresAt: NOW + 3600,
      })
    }
  })

  it.each<[string, string, unknown]>([
    ['the audience of the client', '', 'https://api.test'],
    ['resource (RFC 8707)', 'resource=https://x.test', 'https://x.test'],
    ['several', 'resource=https://x.test&resource=https://y.test', ['https://x.test', 'https://y.test']],
    ['audience', 'audience=https://x.test', 'https://x.test'],
  ])('the token is for %s', async (_, query, audience) => {
    const { json } = await obtain(await startIssuer(), new URLSearchParams(query))
    expect(decode(json['access_token'] as string).claims['aud']).toEqual(audience)
  })

  it('grants a client all of its scopes by default, and none beyond them', async () => {
    const issuer = await startIssuer()
    const { clientId, clientSecret } = issuer.addClient({
      clientId: 'billing: 100%',
      clientSecret: 'a secret',
      scopes: 'a b',
      audience: 'https://x.test',
    })
    const encoded = [clientId, clientSecret].map(encodeURIComponent) as [string, string]
    const granted = async (form: Record<string, string>): Promise<unknown> => {
      const { json } = await send(`${issuer.url}/token`, { basic: encoded, form: { ...GRANT, ...form } })
      return json['scope'] ?? json['error']
    }
    expect(await granted({})).toBe('a b')
    expect(await granted({ scope: 'b' })).toBe('b')
    expect(await granted({ scope: 'b c' })).toBe('invalid_scope')
    const { json } = await send(`${issuer.url}/token`, { basic: encoded, form: GRANT })
    expect(decode(json['access_token'] as string).claims).toMatchObject({
      sub: 'billing: 100%',
      client_id: 'billing: 100%',
      aud: 'https://x.test',
    })
  })

  it('accepts the credentials in the form as well', async () => {
    const issuer = await startIssuer()
    const [client_id, client_secret] = basicOf(issuer)
    const { status } = await send(`${issuer.url}/token`, { form: { ...GRANT, client_id, client_secret } })
    expect(status).toBe(200)
  })
})

describe('error responses', () => {
  it.each<[string, (issuer: TestIssuer) => JsonRequest, number, string]>([
    ['no credentials', () => ({ form: GRANT }), 401, 'invalid_client'],
    [
      'a wrong secret',
      ({ client }) => ({ basic: [client.clientId, 'x'], form: GRANT }),
      401,
      'invalid_client',
    ],
    ['an unknown client', () => ({ basic: ['x', 'x'], form: GRANT }), 401, 'invalid_client'],
    [
      'credentials twice',
      (issuer) => {
        const [client_id, client_secret] = basicOf(issuer)
        return { basic: basicOf(issuer), form: { ...GRANT, client_id, client_secret } }
      },
      400,
      'invalid_request',
    ],
    ['a body of another type', (issuer) => ({ basic: basicOf(issuer), text: 'x' }), 400, 'invalid_request'],
    ['no grant type', (issuer) => ({ basic: basicOf(issuer), form: {} }), 400, 'unsupported_grant_type'],
    [
      'another grant type',
      (issuer) => ({ basic: basicOf(issuer), form: { grant_type: 'password' } }),
      400,
      'unsupported_grant_type',
    ],
    [
      'an unknown token format',
      (issuer) => ({ basic: basicOf(issuer), form: { ...GRANT, token_format: 'xml' } }),
      400,
      'invalid_request',
    ],
  ])('token: %s', async (_, question, status, error) => {
    const issuer = await startIssuer()
    const answer = await send(`${issuer.url}/token`, question(issuer))
    expect([answer.status, answer.json['error']]).toEqual([status, error])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Basic realm="test issuer"' : null)
  })

  it.each(['introspect', 'revoke'])('%s: without credentials 401, without a token 400', async (endpoint) => {
    const issuer = await startIssuer()
    const address = `${issuer.url}/${endpoint}`
    const stranger = await send(address, { form: { token: issuer.mintOpaque() } })
    expect([stranger.status, stranger.json['error']]).toEqual([401, 'invalid_client'])
    const empty = await send(address, { basic: basicOf(issuer), form: {} })
    expect([empty.status, empty.json['error']]).toEqual([400, 'invalid_request'])
  })

  it('an unknown address is 404, a wrong method 405', async () => {
    const issuer = await startIssuer()
    expect((await send(`${issuer.url}/nowhere`)).status).toBe(404)
    const wrong = await send(`${issuer.url}/token`)
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

describe('introspection returns only active: false', () => {
  it.each<[string, (issuer: TestIssuer) => string]>([
    ['of an unknown token', () => 'unknown'],
    ['of an expired one', (issuer) => issuer.mintOpaque({ age: 120, expiresIn: -60 })],
    ['of one not active yet', (issuer) => issuer.mintOpaque({ claims: { nbf: NOW + 60 } })],
    ["of another provider's", (issuer) => issuer.mintOpaque({ provider: 'authlete' })],
    ['of a JWT with a foreign signature', (issuer) => `${issuer.mintJwt().slice(0, -8)}AAAAAAAA`],
    [
      'of a revoked one',
      (issuer) => {
        const token = issuer.mintOpaque()
        expect(issuer.revoke(token)).toBe(true)
        return token
      },
    ],
  ])('%s', async (_, make) => {
    const issuer = await startIssuer()
    const question = { basic: basicOf(issuer), form: { token: make(issuer) } }
    expect((await send(`${issuer.url}/introspect`, question)).json).toEqual({ active: false })
  })
})

describe('revocation', () => {
  it('by the issuer reaches every format and provider', async () => {
    const issuer = await startIssuer()
    const issuers = [oauth(issuer.oauth()), clerk(issuer.clerk())]
    const verifier = createVerifier({ issuers, clock: () => START })
    const asked = (token: string): Promise<string> => outcomeOf(verifier.verify(token, { confirmAfter: 0 }))
    for (const token of [issuer.mintJwt(), issuer.mintOpaque(), issuer.mintOpaque({ provider: 'clerk' })]) {
      expect(await asked(token)).toBe('accepted')
      expect(issuer.revoke(token)).toBe(true)
      expect(await asked(token)).toBe('token_inactive')
    }
    expect(issuer.revoke('unknown')).toBe(false)
  })

  it('by a client revokes its own token, and succeeds for an unknown one', async () => {
    const issuer = await startIssuer()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())], clock: () => START })
    const own = issuer.mintOpaque()
    const foreign = issuer.mintOpaque({ clientId: 'other' })
    const revoke = async (token: string): Promise<number> =>
      (await send(`${issuer.url}/revoke`, { basic: basicOf(issuer), form: { token } })).status
    expect([await revoke(own), await revoke('unknown'), await revoke(foreign)]).toEqual([200, 200, 400])
    expect(await outcomeOf(verifier.verify(own))).toBe('token_inactive')
    expect(await outcomeOf(verifier.verify(foreign))).toBe('accepted')
  })
})
