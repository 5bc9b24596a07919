import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ManagementError, stytchClients, type StytchClients } from '../../../src/management/index.js'
import { answerAll, ON_CLIENT } from './support.js'
import { failureOf } from '../../support/outcomes.js'
import { stytchManagementBed } from '../../support/management.js'
import { expectGivenUp } from '../support.js'
import { withoutAnswer } from '../../support/setup/deadlines.js'

type Operation = readonly [
  name: string,
  call: (clients: StytchClients, clientId: string) => PromiseLike<unknown>,
]

const CREATE: Operation = ['create', (clients) => clients.create({ scopes: 'a', clientSecret: SECRET })]
const SEARCH: Operation = ['search', (clients) => clients.search()]
const TOKEN: Operation = ['token', (clients, clientId) => clients.token({ clientId, clientSecret: SECRET })]
const SECRET = 'a secret of a client'

const AS_PROJECT: readonly Operation[] = [CREATE, SEARCH, ...ON_CLIENT]
const ALL: readonly Operation[] = [...AS_PROJECT, TOKEN]

const READS = ['get', 'search', 'token']
const READING = ALL.filter(([name]) => READS.includes(name))
const CHANGING = ALL.filter(([name]) => !READS.includes(name))

describe('a client that does not exist in the project', () => {
  it.each(ON_CLIENT)('%s says so, and advises a search', async (name, call) => {
    const { clients } = await stytchManagementBed()
    const error = await failureOf(call(clients, 'm2m-client-test-nobody'), ManagementError)
    expect(error).toMatchObject({
      vendor: 'stytch',
      operation: `stytchClients.${name}`,
      status: 404,
      isUncertain: false,
    })
    expect(error.code).toMatch(/not_found/)
    expect(error.message).toContain(error.requestId)
    expect(error.message).toMatch(/search for it$/)
  })

  it.each(['nobody', 'the default client with a wrong secret'])('token, as %s', async (who) => {
    const { clients, issuer } = await stytchManagementBed()
    const clientId = who === 'nobody' ? who : issuer.stytchProject.client.clientId
    const error = await failureOf(clients.token({ clientId, clientSecret: SECRET }), ManagementError)
    expect(error).toMatchObject({ status: 401, code: 'invalid_client', vendor: 'stytch' })
    expect(error.requestId).toMatch(/^request-id-/)
    expect(error.message).toMatch(/current secret/)
  })
})

describe('wrong project credentials', () => {
  it.each(AS_PROJECT)('%s says which options to look at', async (_, call) => {
    const { options, issuer } = await stytchManagementBed()
    const clients = stytchClients({ ...options, secret: `${options.secret}x` })
    const error = await failureOf(call(clients, issuer.stytchProject.client.clientId), ManagementError)
    expect(error).toMatchObject({ status: 401, code: 'unauthorized_credentials', isUncertain: false })
    expect(error.message).toMatch(/check projectId and secret/)
  })

  it('another project issues no token', async () => {
    const { options, issuer } = await stytchManagementBed()
    const clients = stytchClients({ ...options, projectId: 'project-test-other' })
    const { clientId, clientSecret } = issuer.stytchProject.client
    const error = await failureOf(clients.token({ clientId, clientSecret }), ManagementError)
    expect(error.status).toBe(404)
    expect(error.message).toMatch(/check projectId and apiUrl/)
  })
})

it.each([
  ['an id that is taken', { clientId: 'taken' }, 'duplicate_m2m_client_id'],
  ['a weak secret', { clientSecret: 'aaaaaaaa' }, 'weak_client_secret'],
  ['too much metadata', { trustedMetadata: { x: 'x'.repeat(5000) } }, 'bad_request'],
])('creating with %s: nothing is created', async (_, input, code) => {
  const { clients } = await stytchManagementBed()
  await clients.create({ clientId: 'taken', scopes: 'a' })
  expect(await failureOf(clients.create({ ...input, scopes: 'b' }), ManagementError)).toMatchObject({
    status: 400,
    code,
  })
  expect((await clients.search()).total).toBe(2)
  expect((await clients.get({ clientId: 'taken' })).scopes).toEqual(['a'])
})

describe('a response that is not from Stytch', () => {
  it.each(ALL)('%s: an HTML page in place of JSON', async (name, call) => {
    const { clients, issuer } = await stytchManagementBed()
    const seen = answerAll(issuer, 200, '<html>sign in</html>', { 'content-type': 'text/html' })
    const error = await failureOf(call(clients, 'c'), ManagementError)
    expect(error.message).toMatch(/without a JSON object.*Check the URL/)
    expect(error.isUncertain).toBe(!READS.includes(name))
    expect(seen).toHaveLength(1)
  })

  it.each(ALL)('%s: an empty body', async (name, call) => {
    const { clients, issuer } = await stytchManagementBed()
    answerAll(issuer, 200, '')
    const error = await failureOf(call(clients, 'c'), ManagementError)
    expect(error.message).toMatch(/Stytch returned .*Check the URL/)
    expect(error.isUncertain).toBe(!READS.includes(name))
  })

  it.each(ALL)('%s: a redirect, which is not followed', async (_, call) => {
    const { clients, issuer } = await stytchManagementBed()
    const seen = answerAll(issuer, 307, '', { location: `${issuer.endpoints.stytch}/elsewhere` })
    const error = await failureOf(call(clients, 'c'), ManagementError)
    expect(error).toMatchObject({ status: 307 })
    expect(seen).toHaveLength(1)
    expect(issuer.calls.unknown).toBe(0)
  })

  it.each([
    ['a page with a status', 502, '<html>bad gateway</html>', undefined],
    ['an error without type', 500, { oops: true }, undefined],
    ['an error whose type is not a string', 400, { error_type: { a: 1 }, error_message: 7 }, undefined],
    ['a status as a string', 403, { status_code: '403', error_type: 'use_https' }, 'use_https'],
  ])('%s', async (_, status, body, code) => {
    const { clients, issuer } = await stytchManagementBed()
    answerAll(issuer, status, body)
    expect(await failureOf(clients.create({ scopes: 'a' }), ManagementError)).toMatchObject({ status, code })
  })
})

const CLIENT = { client_id: 'c', status: 'active', scopes: [] }

it.each<[string, (clients: StytchClients) => PromiseLike<unknown>, unknown]>([
  ['create: no secret', (by) => by.create({ scopes: 'a' }), { m2m_client: CLIENT }],
  ['rotateStart: no next secret', (by) => by.secrets.rotateStart({ clientId: 'c' }), { m2m_client: CLIENT }],
  ['get: no id', (by) => by.get({ clientId: 'c' }), { m2m_client: { ...CLIENT, client_id: '' } }],
  ['get: no status', (by) => by.get({ clientId: 'c' }), { m2m_client: { ...CLIENT, status: 'new' } }],
  ['get: no scopes', (by) => by.get({ clientId: 'c' }), { m2m_client: { ...CLIENT, scopes: 'a' } }],
  ['delete: no id', (by) => by.delete({ clientId: 'c' }), { request_id: 'r' }],
  ['search: no list', (by) => by.search(), { m2m_clients: null }],
  ['search: a client without id', (by) => by.search(), { m2m_clients: [{}] }],
  ['token: no lifetime', token, { access_token: 'x', token_type: 'bearer' }],
  ['token: another kind of token', token, { access_token: 'x', token_type: 'mac', expires_in: 3600 }],
  ['token: no token', token, { access_token: '', token_type: 'bearer', expires_in: 3600 }],
])('rejects a response that lacks a required field: %s', async (_, call, body) => {
  const { clients, issuer } = await stytchManagementBed()
  answerAll(issuer, 200, body)
  expect((await failureOf(call(clients), ManagementError)).message).toMatch(
    /Stytch returned (?:no|a|another) /,
  )
})

function token(clients: StytchClients): Promise<unknown> {
  return clients.token({ clientId: 'c', clientSecret: SECRET })
}

describe('retries', () => {
  const TROUBLES = ['reset', 502, 503, 504] as const

  it.each(READING)('%s is retried once after a transient failure', async (name, call) => {
    for (const trouble of TROUBLES) {
      const { clients, issuer } = await stytchManagementBed()
      const { clientId } = issuer.stytchProject.client
      await clients.create({ clientId: 'own', clientSecret: SECRET, scopes: 'a' })
      issuer.resetCalls()
      const fault = typeof trouble === 'number' ? { status: trouble, times: 1 } : { how: trouble, times: 1 }
      issuer.fail('all', fault)
      await call(clients, name === 'token' ? 'own' : clientId)
      expect(issuer.calls.total).toBe(2)
    }
  })

  it.each(CHANGING)('%s is not retried, and reports that the outcome is unknown', async (_, call) => {
    for (const trouble of TROUBLES) {
      const { clients, issuer } = await stytchManagementBed()
      issuer.fail('stytchClients', trouble)
      const error = await failureOf(call(clients, issuer.stytchProject.client.clientId), ManagementError)
      expect(error.isUncertain).toBe(true)
      expect(error.message).toMatch(/check before repeating/)
      expect(issuer.calls.stytchClients).toBe(1)
    }
  })

  it.each(ALL)('%s is not retried after Retry-After, and reports the time to wait', async (_, call) => {
    for (const status of [429, 503]) {
      const { clients, issuer } = await stytchManagementBed()
      const seen = answerAll(issuer, status, { error_type: 'too_many_requests' }, { 'retry-after': '17' })
      expect(await failureOf(call(clients, 'c'), ManagementError)).toMatchObject({ status, retryAfter: 17 })
      expect(seen).toHaveLength(1)
    }
  })
})

describe('a call that takes too long', () => {
  it.each(ALL)('%s is aborted at the deadline', async (name, call) => {
    const { clients, issuer } = await stytchManagementBed({ deadline: '30ms' })
    issuer.fail('all', 'hang')
    const error = await failureOf(withoutAnswer(issuer, 'total', call(clients, 'c')), ManagementError)
    expect(error.message).toMatch(/no complete response within/)
    expect(error).toMatchObject({ status: undefined, isUncertain: !READS.includes(name) })
  })

  it('is aborted by its signal, with the reason of the signal', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const { clientId } = issuer.stytchProject.client
    const calls = [
      (signal: AbortSignal) => clients.get({ clientId }, { signal }),
      (signal: AbortSignal) => clients.search({}, { signal }),
      (signal: AbortSignal) => clients.delete({ clientId }, { signal }),
      (signal: AbortSignal) => clients.secrets.rotateStart({ clientId }, { signal }),
    ]
    for (const call of calls) await expectGivenUp(issuer, 'stytchClients', call)
  })

  it('is not sent if its signal is already aborted', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const given = clients.create({ scopes: 'a' }, { signal: AbortSignal.abort('gone') })
    await expect(given).rejects.toBe('gone')
    expect(issuer.calls.total).toBe(0)
  })
})

describe('a secret', () => {
  it.each(ALL)('is not in any error of %s, even if the vendor quotes it', async (name, call) => {
    const { clients, issuer, options } = await stytchManagementBed()
    const basic = Buffer.from(`${options.projectId}:${options.secret}`).toString('base64')
    // What was sent is what can be quoted: a token is asked for without the project's credentials.
    const own = name === 'create' || name === 'token' ? [SECRET] : []
    const sent = name === 'token' ? own : [options.secret, basic, ...own]
    for (const [message, code] of [
      ['error_message', 'error_type'],
      ['error_description', 'error'],
    ] as const) {
      const quoted = sent.join(' ')
      answerAll(issuer, 400, { [message]: `bad: ${quoted}`, [code]: quoted, request_id: quoted })
      const error = await failureOf(call(clients, 'c'), ManagementError)
      const looks = [String(error), error.stack, inspect(error, { depth: 9 }), JSON.stringify(error)].join()
      expect(looks).toContain('[secret]')
      for (const secret of sent) expect(looks).not.toContain(secret)
    }
  })
})
