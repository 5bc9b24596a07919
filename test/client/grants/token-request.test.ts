import { TokenSourceError } from '../../../src/client/index.js'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createVerifier, oauth } from '../../../src/index.js'
import { clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'
import { serve } from '../../support/servers/servers.js'

describe('the token request', () => {
  it('is a form with encoded credentials in the header and no unrequested parameter', async () => {
    const { issuer, source, sent } = await clientBed()
    const { clientId, clientSecret } = issuer.addClient({ clientId: 'a:b c', clientSecret: 'x: 100% +' })
    await source({ clientId, clientSecret }).getToken()
    const [request] = sent
    expect([request!.method, request!.url]).toEqual(['POST', `${issuer.url}/token`])
    expect(request!.headers.get('content-type')).toBe('application/x-www-form-urlencoded')
    expect(request!.headers.get('accept')).toBe('application/json')
    const pair = Buffer.from(request!.headers.get('authorization')!.slice(6), 'base64').toString()
    expect(pair).toBe('a%3Ab+c:x%3A+100%25+%2B')
    expect(request!.body).toBe('grant_type=client_credentials')
  })

  it('contains the credentials in the form with post', async () => {
    const { issuer, source, sent } = await clientBed()
    await source({ authentication: 'post' }).getToken()
    expect(sent[0]!.headers.get('authorization')).toBeNull()
    expect(Object.fromEntries(sent[0]!.form)).toEqual({
      grant_type: 'client_credentials',
      client_id: issuer.client.clientId,
      client_secret: issuer.client.clientSecret,
    })
  })

  it('contains sorted scopes, each audience and resource, and additional parameters', async () => {
    const { source, sent } = await clientBed()
    const tokens = source({
      scopes: 'b a',
      resource: ['https://y.test', 'https://x.test'],
      parameters: { token_format: 'opaque', tenant: 'ä&=' },
    })
    await tokens.getToken()
    const { form } = sent[0]!
    expect(form.getAll('resource')).toEqual(['https://x.test', 'https://y.test'])
    expect(form.get('scope')).toBe('a b')
    expect([form.get('token_format'), form.get('tenant'), form.has('audience')]).toEqual([
      'opaque',
      'ä&=',
      false,
    ])
    await tokens.getToken({ audience: 'https://z.test', resource: 'https://w.test' })
    expect([...sent[1]!.form].filter(([name]) => name === 'audience' || name === 'resource')).toEqual([
      ['audience', 'https://z.test'],
      ['resource', 'https://w.test'],
    ])
  })

  it('obtains a token that the guard accepts for that audience and those scopes', async () => {
    const { issuer, source, clock } = await clientBed()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())], clock })
    const tokens = source({ resource: issuer.audience, scopes: 'orders:read' })
    const token = await verifier.verify(await tokens.getToken(), { scopes: 'orders:read' })
    expect(token).toMatchObject({ clientId: issuer.client.clientId, audience: [issuer.audience] })
    verifier.close()
  })
})

describe('discovery', () => {
  it('finds the token endpoint of the issuer, once for many tokens', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source({ issuer: issuer.url, tokenEndpoint: undefined })
    await Promise.all(['a', 'b', 'c'].map((scopes) => tokens.getToken({ scopes })))
    expect([issuer.calls.discovery, issuer.calls.token]).toEqual([1, 3])
  })

  it('repeats the lookup after an hour, and keeps the known endpoint if it fails', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ issuer: issuer.url, tokenEndpoint: undefined })
    await tokens.getToken()
    issuer.fail('discovery', 503)
    pass(3601)
    await tokens.getToken({ scopes: 'later' })
    expect(issuer.calls.discovery).toBe(2)
  })

  it.each([
    ['/tenant', '/.well-known/oauth-authorization-server/tenant'],
    ['/tenant/', '/.well-known/oauth-authorization-server/tenant'],
    ['/tenant', '/tenant/.well-known/openid-configuration'],
  ])('of %s also requests %s', async (path, address) => {
    const { issuer, source } = await clientBed()
    const url = await serve((request, response) => {
      const found = request.url === address
      response.writeHead(found ? 200 : 404).end(
        JSON.stringify({
          issuer: `http://${request.headers.host!}${path}`,
          token_endpoint: `${issuer.url}/token`,
        }),
      )
    })
    expect(await source({ issuer: url + path, tokenEndpoint: undefined }).getToken()).toBeTypeOf('string')
  })

  it.each<[string, Readonly<Record<string, unknown>> | number, string, string]>([
    ['another issuer', { issuer: 'https://evil.test' }, 'answer_unreadable', 'exactly the value'],
    ['no issuer', { issuer: undefined }, 'answer_unreadable', 'exactly the value'],
    ['no token endpoint', { token_endpoint: undefined }, 'answer_unreadable', 'Set tokenEndpoint'],
    [
      'an endpoint without TLS',
      { token_endpoint: 'http://a.test/t' },
      'answer_unreadable',
      'Set tokenEndpoint',
    ],
    ['404', 404, 'answer_unreadable', 'Check issuer'],
    ['401', 401, 'answer_unreadable', 'Check issuer'],
    ['503', 503, 'issuer_unavailable', 'after the backoff'],
  ])('with %s sends no credentials and says what to do', async (_, bent, reason, advice) => {
    const { issuer, source } = await clientBed()
    const right = { issuer: issuer.url, token_endpoint: `${issuer.url}/token` }
    issuer.fail('discovery', typeof bent === 'number' ? bent : { body: { ...right, ...bent } })
    const error = await failureOf(
      source({ issuer: issuer.url, tokenEndpoint: undefined }).getToken(),
      TokenSourceError,
    )
    expect([error.reason, error.message]).toEqual([reason, expect.stringContaining(advice)])
    expect(issuer.calls.token).toBe(0)
  })
})

it('jose verifies the signature of a token from the test issuer', async () => {
  const { issuer, source, clock } = await clientBed()
  const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`))
  const { payload } = await jwtVerify(await source().getToken(), keys, { currentDate: new Date(clock()) })
  expect(payload.sub).toBe(issuer.client.clientId)
})
