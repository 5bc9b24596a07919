import { describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { type JsonRequest, type JsonResponse, send } from '../../support/servers/http.js'
import { startIssuer } from '../../support/test-bed.js'
import { NOW } from '../../support/clock.js'

/** Clerk as the test issuer plays it: what a client of any kind is answered. */
const CREATE = '/v1/m2m_tokens'
const MACHINE = `mch_${'x'.repeat(27)}`
const TOKEN_ID = `mt_${'0'.repeat(32)}`

const by = (role: 'sender' | 'receiver' | 'stranger', json?: unknown) => (issuer: TestIssuer) => ({
  bearer: issuer.clerkMachines[role].secretKey,
  ...(json === undefined ? {} : { json }),
})
const byInstance = (json?: unknown) => (issuer: TestIssuer) => ({
  bearer: issuer.clerkSecretKey,
  ...(json === undefined ? {} : { json }),
})
const askClerk = (issuer: TestIssuer, path: string, question: JsonRequest): Promise<JsonResponse> =>
  send(issuer.endpoints.clerk + path, question)

describe('rejected requests', () => {
  it.each<[string, string, (issuer: TestIssuer) => JsonRequest, number, string]>([
    ['create with an unknown member', CREATE, by('sender', { scopes: ['a'] }), 400, 'bad_request'],
    [
      'create with a lifetime as a string',
      CREATE,
      by('sender', { seconds_until_expiration: '60' }),
      400,
      'bad_request',
    ],
    ['create with claims that are a list', CREATE, by('sender', { claims: ['a'] }), 400, 'bad_request'],
    [
      'create with part of a second left',
      CREATE,
      by('sender', { min_remaining_ttl_seconds: 1.5 }),
      400,
      'bad_request',
    ],
    [
      'create with time left below 0',
      CREATE,
      by('sender', { min_remaining_ttl_seconds: -1 }),
      400,
      'bad_request',
    ],
    [
      'create of a JWT with a minimum remaining lifetime',
      CREATE,
      by('sender', { token_format: 'jwt', min_remaining_ttl_seconds: 1 }),
      400,
      'bad_request',
    ],
    [
      'create from a form',
      CREATE,
      (issuer) => ({ ...by('sender')(issuer), form: { token_format: 'opaque' } }),
      400,
      'bad_request',
    ],
    [
      'list of an id that is not a machine id',
      `${CREATE}?subject=mch_short`,
      byInstance(),
      400,
      'bad_request',
    ],
    ['list of an unknown machine', `${CREATE}?subject=${MACHINE}`, byInstance(), 404, 'machine_not_found'],
    ['list of part of a page', `${CREATE}?subject=${MACHINE}&limit=1.5`, byInstance(), 400, 'bad_request'],
    ['list of a page of 101', `${CREATE}?subject=${MACHINE}&limit=101`, byInstance(), 400, 'bad_request'],
    [
      'list of some revoked ones',
      `${CREATE}?subject=${MACHINE}&revoked=some`,
      byInstance(),
      400,
      'bad_request',
    ],
    ['revoke of an id that is not a token id', `${CREATE}/mt_x/revoke`, by('sender', {}), 400, 'bad_request'],
    ['revoke without a body', `${CREATE}/${TOKEN_ID}/revoke`, byRaw('POST'), 400, 'bad_request'],
    [
      'revoke for a reason that is not a string',
      `${CREATE}/${TOKEN_ID}/revoke`,
      by('sender', { revocation_reason: 1 }),
      400,
      'bad_request',
    ],
    [
      'revoke with an unknown member',
      `${CREATE}/${TOKEN_ID}/revoke`,
      by('sender', { reason: 'x' }),
      400,
      'bad_request',
    ],
    ['revoke of an unknown token', `${CREATE}/${TOKEN_ID}/revoke`, byInstance({}), 404, 'resource_not_found'],
  ])('%s', async (_, path, question, status, code) => {
    const issuer = await startIssuer()
    const answer = await askClerk(issuer, path, question(issuer))
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({
      errors: [{ code, message: expect.any(String) as unknown, long_message: expect.any(String) as unknown }],
    })
  })
})

function byRaw(method: string): (issuer: TestIssuer) => JsonRequest {
  return (issuer) => ({ ...by('sender')(issuer), method })
}

describe('responses', () => {
  it('create: returns the token object with the token and the claims as sent', async () => {
    const issuer = await startIssuer()
    const claims = { camelCase: 1, snake_case: [{ x: null }] }
    const json = { claims, seconds_until_expiration: 60, token_format: 'opaque' }
    const answer = await askClerk(issuer, CREATE, by('sender', json)(issuer))
    expect(answer.status).toBe(201)
    expect(answer.json).toEqual({
      object: 'machine_to_machine_token',
      id: expect.stringMatching(/^mt_[0-9a-f]{32}$/) as unknown,
      subject: issuer.clerkMachines.sender.id,
      claims,
      scopes: [issuer.clerkMachines.receiver.id],
      token: expect.stringMatching(/^mt_/) as unknown,
      revoked: false,
      revocation_reason: null,
      expired: false,
      expiration: (NOW + 60) * 1000,
      last_used_at: null,
      created_at: NOW * 1000,
      updated_at: NOW * 1000,
    })
  })

  it('a claim named exp does not make an opaque token expire', async () => {
    const issuer = await startIssuer()
    const json = { claims: { exp: 1, nbf: 9_999_999_999 } }
    const { json: created } = await askClerk(issuer, CREATE, by('sender', json)(issuer))
    expect(created).toMatchObject({ expired: false, expiration: null, claims: json.claims })
  })

  it('verify records the last use of an opaque token, never of a JWT', async () => {
    const issuer = await startIssuer()
    for (const [token_format, last_used_at] of [
      ['opaque', NOW * 1000],
      ['jwt', null],
    ]) {
      const { json } = await askClerk(issuer, CREATE, by('sender', { token_format })(issuer))
      const question = by('receiver', { token: json['token'] })(issuer)
      expect((await askClerk(issuer, '/m2m_tokens/verify', question)).json).toMatchObject({ last_used_at })
    }
  })
})
