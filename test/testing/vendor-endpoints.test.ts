import { describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../src/testing/index.js'
import { type JsonRequest, send } from '../support/servers/http.js'
import { startIssuer } from '../support/test-bed.js'
import { NOW } from '../support/clock.js'

/** A question to an endpoint, below the provider's base address. */
type Case = [
  promise: string,
  path: string,
  question: (issuer: TestIssuer) => JsonRequest,
  status: number,
  code: string,
]

const receiver = (issuer: TestIssuer): string => issuer.clerkMachines.receiver.secretKey
const sender = (issuer: TestIssuer): string => issuer.clerkMachines.sender.secretKey

describe("Clerk's error responses", () => {
  const VERIFY = '/m2m_tokens/verify'
  const CREATE = '/v1/m2m_tokens'

  it.each<Case>([
    ['no key', VERIFY, () => ({ json: { token: 'mt_x' } }), 401, 'authorization_header_format_invalid'],
    ['a wrong machine key', VERIFY, () => ({ bearer: 'ak_x', json: {} }), 401, 'machine_secret_key_invalid'],
    ['a wrong instance key', VERIFY, () => ({ bearer: 'sk_x', json: {} }), 401, 'clerk_key_invalid'],
    ['verify without a token', VERIFY, (by) => ({ bearer: receiver(by), json: {} }), 400, 'bad_request'],
    [
      'verify with a body that is not JSON',
      VERIFY,
      (by) => ({ bearer: receiver(by), text: 'x' }),
      400,
      'bad_request',
    ],
    [
      'verify an unknown token',
      VERIFY,
      (by) => ({ bearer: receiver(by), json: { token: 'mt_x' } }),
      404,
      'resource_not_found',
    ],
    [
      'verify with an unknown field',
      VERIFY,
      (by) => ({ bearer: receiver(by), json: { token: 'mt_x', secret: 'mt_x' } }),
      400,
      'bad_request',
    ],
    [
      'create with the key of the instance',
      CREATE,
      ({ clerkSecretKey }) => ({ bearer: clerkSecretKey, json: {} }),
      401,
      'machine_secret_key_invalid',
    ],
    [
      'create with a lifetime of 0',
      CREATE,
      (by) => ({ bearer: sender(by), json: { seconds_until_expiration: 0 } }),
      400,
      'bad_request',
    ],
    [
      'create in an unknown format',
      CREATE,
      (by) => ({ bearer: sender(by), json: { token_format: 'xml' } }),
      400,
      'bad_request',
    ],
    [
      'create with a minimum remaining lifetime as long as the lifetime',
      CREATE,
      (by) => ({
        bearer: sender(by),
        json: { seconds_until_expiration: 60, min_remaining_ttl_seconds: 60 },
      }),
      400,
      'bad_request',
    ],
    ['list without a machine', '/m2m_tokens', (by) => ({ bearer: sender(by) }), 400, 'bad_request'],
    [
      "list another machine's",
      `/m2m_tokens?subject=mch_${'x'.repeat(27)}`,
      (by) => ({ bearer: sender(by) }),
      403,
      'authorization_invalid',
    ],
    [
      'revoke an unknown token',
      `/m2m_tokens/mt_${'0'.repeat(32)}/revoke`,
      (by) => ({ bearer: sender(by), json: {} }),
      404,
      'resource_not_found',
    ],
    ["keys with a machine's key", '/v1/jwks', (by) => ({ bearer: sender(by) }), 401, 'clerk_key_invalid'],
  ])('%s', async (_, path, question, status, code) => {
    const issuer = await startIssuer()
    const answer = await send(issuer.endpoints.clerk + path, question(issuer))
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ errors: [{ code }], clerk_trace_id: expect.any(String) as unknown })
  })

  it('list returns pages, newest first, and rejects invalid page parameters', async () => {
    const issuer = await startIssuer()
    const subject = issuer.clerkMachines.sender.id
    const list = (query: string): ReturnType<typeof send> =>
      send(`${issuer.endpoints.clerk}/m2m_tokens?subject=${subject}${query}`, {
        bearer: issuer.clerkSecretKey,
      })
    for (let made = 0; made < 12; made += 1) issuer.mintOpaque({ provider: 'clerk', claims: { made } })
    const madeOf = async (query: string): Promise<readonly number[]> => {
      const { json } = await list(query)
      expect(json['total_count']).toBe(12)
      return (json['m2m_tokens'] as readonly { claims: { made: number } }[]).map(({ claims }) => claims.made)
    }
    expect(await madeOf('')).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    expect(await madeOf('&limit=3&offset=10')).toEqual([1, 0])
    for (const query of ['&limit=0', '&limit=101', '&offset=-1', '&limit=x']) {
      expect((await list(query)).status).toBe(400)
    }
  })

  it('verify accepts a JWT too, and returns its details', async () => {
    const issuer = await startIssuer()
    const token = issuer.mintJwt({ provider: 'clerk', claims: { tier: 'gold' } })
    const { json } = await send(issuer.endpoints.clerk + VERIFY, {
      bearer: receiver(issuer),
      json: { token },
    })
    expect(json).toMatchObject({
      object: 'machine_to_machine_token',
      subject: issuer.clerkMachines.sender.id,
      claims: { tier: 'gold' },
      created_at: NOW * 1000,
      expiration: (NOW + 3600) * 1000,
    })
    expect(json).not.toHaveProperty('token')
  })
})

describe("Stytch's endpoints", () => {
  const grant = ({ stytchProject: { client } }: TestIssuer): Record<string, string> => ({
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: client.clientSecret,
  })

  it.each<[string, (issuer: TestIssuer) => JsonRequest, number, string | undefined]>([
    ['a form', (by) => ({ form: grant(by) }), 200, undefined],
    ['JSON', (by) => ({ json: grant(by) }), 200, undefined],
    ['a wrong secret', (by) => ({ form: { ...grant(by), client_secret: 'x' } }), 401, 'invalid_client'],
    ['another grant', (by) => ({ form: { ...grant(by), grant_type: 'x' } }), 400, 'unsupported_grant_type'],
    ['neither a form nor JSON', () => ({ text: 'x' }), 400, 'invalid_request'],
  ])('token: %s', async (_, question, status, error) => {
    const issuer = await startIssuer()
    const { projectId } = issuer.stytchProject
    const answer = await send(
      `${issuer.endpoints.stytch}/v1/public/${projectId}/oauth2/token`,
      question(issuer),
    )
    expect([answer.status, answer.json['status_code']]).toEqual([status, status])
    expect(answer.json['request_id']).toMatch(/^request-id-/)
    expect(answer.json['error']).toBe(error)
  })

  it('serve one project only, and publish its keys at three URLs', async () => {
    const issuer = await startIssuer()
    const { stytch } = issuer.endpoints
    const { projectId } = issuer.stytchProject
    for (const path of [
      `/v1/sessions/jwks/${projectId}`,
      `/v1/b2b/sessions/jwks/${projectId}`,
      '/.well-known/jwks.json',
    ]) {
      expect((await send(stytch + path)).json).toMatchObject({ ...issuer.jwks('stytch'), status_code: 200 })
    }
    expect((await send(`${stytch}/v1/sessions/jwks/project-test-x`)).status).toBe(404)
    const foreign = await send(`${stytch}/v1/public/project-test-x/oauth2/token`, { form: grant(issuer) })
    expect(foreign.status).toBe(404)
  })
})

describe("Authlete's endpoints", () => {
  const api = (issuer: TestIssuer, path: string, service = issuer.authleteService.serviceId): string =>
    `${issuer.endpoints.authlete}/api/${service}${path}`

  it('accept only the service as the caller, and no other service', async () => {
    const issuer = await startIssuer()
    const bearer = issuer.authleteService.serviceAccessToken
    const address = api(issuer, '/auth/introspection')
    expect((await send(address, { json: {} })).json).toMatchObject({ resultCode: 'A001202' })
    expect((await send(address, { json: {}, bearer: 'x' })).status).toBe(401)
    expect((await send(api(issuer, '/auth/introspection', '1'), { json: {}, bearer })).status).toBe(403)
  })

  it('without a token the action is BAD_REQUEST, in a 200', async () => {
    const issuer = await startIssuer()
    const bearer = issuer.authleteService.serviceAccessToken
    for (const path of ['/auth/introspection', '/auth/introspection/standard']) {
      const { status, json } = await send(api(issuer, path), { bearer, json: {} })
      expect([status, json['action']]).toEqual([200, 'BAD_REQUEST'])
    }
  })

  it('evaluate the subject if it is required, and accept a form as well as JSON', async () => {
    const issuer = await startIssuer()
    const bearer = issuer.authleteService.serviceAccessToken
    const token = issuer.mintOpaque({ provider: 'authlete', clientId: 'app', subject: 'john', scopes: 'a b' })
    const actionOf = async (question: JsonRequest): Promise<unknown> =>
      (await send(api(issuer, '/auth/introspection'), { bearer, ...question })).json['action']
    expect(await actionOf({ json: { token, subject: 'john' } })).toBe('OK')
    expect(await actionOf({ json: { token, subject: 'jane' } })).toBe('FORBIDDEN')
    expect(await actionOf({ form: { token, scopes: 'a b' } })).toBe('OK')
    expect(await actionOf({ form: { token, scopes: 'a c' } })).toBe('FORBIDDEN')
  })

  it('a positive result contains a meaningless error string, as at Authlete', async () => {
    const issuer = await startIssuer()
    const bearer = issuer.authleteService.serviceAccessToken
    const token = issuer.mintOpaque({ provider: 'authlete' })
    const { json } = await send(api(issuer, '/auth/introspection'), { bearer, json: { token } })
    expect(json).toMatchObject({ action: 'OK', responseContent: 'Bearer error="invalid_request"' })
  })

  it('publish the keys at the URL from discovery', async () => {
    const issuer = await startIssuer()
    const { authlete } = issuer.endpoints
    for (const address of [
      `${authlete}/.well-known/openid-configuration`,
      `${issuer.url}/.well-known/oauth-authorization-server/authlete`,
    ]) {
      expect((await send(address)).json).toEqual({ issuer: authlete, jwks_uri: `${authlete}/jwks` })
    }
    expect((await send(`${authlete}/jwks`)).json).toEqual(issuer.jwks('authlete'))
  })
})
