import { describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { type JsonRequest, type JsonResponse, send } from '../../support/servers/http.js'
import { startIssuer } from '../../support/test-bed.js'

const CLIENTS = '/v1/m2m/clients'

/** Asks the test issuer as the project. */
function asProject(issuer: TestIssuer, path: string, question: JsonRequest = {}): Promise<JsonResponse> {
  const { projectId, secret } = issuer.stytchProject
  return send(issuer.endpoints.stytch + path, { basic: [projectId, secret], ...question })
}

describe("the test issuer's clients at Stytch", () => {
  it('return the documented shapes', async () => {
    const issuer = await startIssuer()
    const created = await asProject(issuer, CLIENTS, { json: { scopes: ['a'], client_name: 'x' } })
    const envelope = { request_id: expect.stringMatching(/^request-id-/) as unknown, status_code: 201 }
    const { client_id, client_secret } = created.json['m2m_client'] as Record<string, string>
    const client = {
      client_id,
      client_name: 'x',
      client_description: '',
      status: 'active',
      scopes: ['a'],
      client_secret_last_four: client_secret!.slice(-4),
      trusted_metadata: {},
      next_client_secret_last_four: null,
    }
    expect(created.status).toBe(201)
    expect(created.json).toEqual({ ...envelope, m2m_client: { ...client, client_secret } })
    const path = `${CLIENTS}/${client_id}`
    expect((await asProject(issuer, path)).json).toEqual({
      ...envelope,
      status_code: 200,
      m2m_client: client,
    })
    const started = await asProject(issuer, `${path}/secrets/rotate/start`, { json: {} })
    const { next_client_secret } = started.json['m2m_client'] as Record<string, string>
    expect(started.json).toEqual({
      ...envelope,
      status_code: 200,
      m2m_client: {
        ...client,
        next_client_secret,
        next_client_secret_last_four: next_client_secret!.slice(-4),
      },
    })
    expect((await asProject(issuer, path, { method: 'DELETE', json: {} })).json).toEqual({
      ...envelope,
      status_code: 200,
      client_id,
    })
    expect(issuer.calls).toMatchObject({ stytchClients: 4, unknown: 0, total: 4 })
  })

  it.each<[string, string, JsonRequest, number, string]>([
    ['no credentials', '/x', { basic: ['', ''] }, 401, 'unauthorized_credentials'],
    ['a bearer token', '/x', { basic: undefined as never, bearer: 'x' }, 401, 'unauthorized_credentials'],
    ['an unknown client', '/x', {}, 404, 'm2m_client_not_found'],
    ['no JSON', '', { text: 'x' }, 400, 'bad_request'],
    ['a form', '', { form: { scopes: 'a' } }, 400, 'bad_request'],
    ['no scopes', '', { json: {} }, 400, 'bad_request'],
    ['scopes as a string', '', { json: { scopes: 'a' } }, 400, 'bad_request'],
    ['a name that is not a string', '', { json: { scopes: [], client_name: 5 } }, 400, 'bad_request'],
    ['metadata as a list', '', { json: { scopes: [], trusted_metadata: [] } }, 400, 'bad_request'],
    ['a short secret', '', { json: { scopes: [], client_secret: 'abcdefg' } }, 400, 'weak_client_secret'],
    ['a limit of 0', '/search', { json: { limit: 0 } }, 400, 'bad_request'],
    ['a limit of 1001', '/search', { json: { limit: 1001 } }, 400, 'bad_request'],
    ['an unknown cursor', '/search', { json: { cursor: 'x' } }, 400, 'bad_request'],
    ['another operator', '/search', { json: { query: { operator: 'NOT' } } }, 400, 'bad_request'],
    ['an unknown operand', '/search', searchFor({ filter_name: 'x', filter_value: [] }), 400, 'bad_request'],
    [
      'a value as a string',
      '/search',
      searchFor({ filter_name: 'scopes', filter_value: 'a' }),
      400,
      'bad_request',
    ],
  ])('respond to %s with an error in the format of Stytch', async (_, path, question, status, error_type) => {
    const issuer = await startIssuer()
    const answer = await asProject(issuer, CLIENTS + path, question)
    expect(answer.status).toBe(status)
    expect(answer.json).toEqual({
      status_code: status,
      request_id: expect.stringMatching(/^request-id-/) as unknown,
      error_type,
      error_message: expect.any(String) as unknown,
      error_url: expect.stringContaining('https://stytch.com/docs/') as unknown,
    })
  })

  it.each([
    ['an empty query', {}],
    ['an empty query object', { query: {} }],
    ['no operands', { query: { operator: 'OR', operands: [] } }],
  ])('are all returned for %s', async (_, json) => {
    const issuer = await startIssuer()
    for (let made = 0; made < 102; made += 1) issuer.addClient({ provider: 'stytch' })
    const { json: page } = await asProject(issuer, `${CLIENTS}/search`, { json })
    expect(page['m2m_clients']).toHaveLength(100)
    expect(page['results_metadata']).toEqual({ total: 103, next_cursor: expect.any(String) as unknown })
  })

  it('reject form-encoded credentials of the project', async () => {
    const issuer = await startIssuer()
    const { projectId, secret } = issuer.stytchProject
    const basic = [projectId, encodeURIComponent(secret)] as const
    expect((await asProject(issuer, `${CLIENTS}/search`, { basic, json: {} })).status).toBe(401)
  })

  it('can be counted, held by a gate and made to fail', async () => {
    const issuer = await startIssuer()
    issuer.fail('stytchClients', { status: 503, times: 1 })
    expect((await asProject(issuer, `${CLIENTS}/search`, { json: {} })).status).toBe(503)
    const gate = issuer.gate('stytchClients')
    const held = asProject(issuer, `${CLIENTS}/search`, { json: {} })
    await gate.waiting
    gate.release()
    expect((await held).status).toBe(200)
    expect(issuer.calls.stytchClients).toBe(2)
  })
})

function searchFor(operand: object): JsonRequest {
  return { json: { query: { operator: 'AND', operands: [operand] } } }
}
