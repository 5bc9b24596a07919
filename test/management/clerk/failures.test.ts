import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ManagementError, type ClerkTokens } from '../../../src/management/index.js'
import type { Endpoint, Fault } from '../../../src/testing/index.js'
import { expectGivenUp } from '../support.js'
import { clerkManagementBed } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'
import { passDeadlines, runningDeadlines, withoutAnswer } from '../../support/setup/deadlines.js'

const ID = `mt_${'0'.repeat(32)}`
const SUBJECT = `mch_${'a'.repeat(27)}`
const TOKEN = 'mt_the_secret_of_a_caller'

interface Case {
  readonly operation: keyof ClerkTokens
  readonly endpoint: Endpoint
  /** How many calls a passing trouble makes: what changes nothing is tried twice. */
  readonly attempts: number
  readonly call: (tokens: ClerkTokens, signal?: AbortSignal) => PromiseLike<unknown>
}

const options = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal })
const CASES: readonly Case[] = [
  {
    operation: 'create',
    endpoint: 'clerkTokens',
    attempts: 1,
    call: (tokens, signal) => tokens.create({ expiresIn: 60 }, options(signal)),
  },
  {
    operation: 'list',
    endpoint: 'clerkTokens',
    attempts: 2,
    call: (tokens, signal) => tokens.list({ subject: SUBJECT }, options(signal)),
  },
  {
    operation: 'revoke',
    endpoint: 'clerkTokens',
    attempts: 1,
    call: (tokens, signal) => tokens.revoke({ tokenId: ID }, options(signal)),
  },
  {
    operation: 'verify',
    endpoint: 'clerkVerify',
    attempts: 2,
    call: (tokens, signal) => tokens.verify({ token: TOKEN }, options(signal)),
  },
]

/** What becomes of a fault: which calls are made again, and whether a change may have been made. */
const FAULTS: readonly (readonly [name: string, fault: Fault, isPassing: boolean, expected: object])[] = [
  ['no answer', 'reset', true, { status: undefined, isUncertain: true }],
  ['502', 502, true, { status: 502, isUncertain: true }],
  ['503', 503, true, { status: 503, isUncertain: true }],
  ['504', 504, true, { status: 504, isUncertain: true }],
  ['500', 500, false, { status: 500, isUncertain: true }],
  [
    '503 with Retry-After',
    { status: 503, headers: { 'retry-after': '7' } },
    false,
    { status: 503, retryAfter: 7, isUncertain: true },
  ],
  [
    '429',
    {
      status: 429,
      headers: { 'retry-after': '5' },
      body: { errors: [{ code: 'too_many_requests', message: 'Too many requests' }] },
    },
    false,
    { status: 429, code: 'too_many_requests', retryAfter: 5, isUncertain: false },
  ],
  ['a login page', 'html', false, { status: 200, isUncertain: true }],
  ['nothing', 'empty', false, { isUncertain: true }],
  ['half an answer', { status: 200, body: '{"object":' }, false, { status: 200, isUncertain: true }],
  ['no object', { status: 200, body: '[]' }, false, { status: 200, isUncertain: true }],
  ['a token without its facts', { status: 200, body: { object: 'x' } }, false, { isUncertain: true }],
  ['a redirect', 'redirect', false, { status: 307, isUncertain: false }],
  ['an answer of 5 MiB', { status: 200, body: 'x'.repeat(5 * 1024 ** 2) }, false, { isUncertain: true }],
]

describe.each(CASES)('$operation', ({ operation, endpoint, attempts, call }) => {
  it.each(FAULTS)('%s is an error that says what to do', async (_, fault, isPassing, expected) => {
    const { sender, issuer } = await clerkManagementBed()
    issuer.fail(endpoint, fault)
    const error = await failureOf(call(sender))
    expect(error).toBeInstanceOf(ManagementError)
    const isChange = operation === 'create' || operation === 'revoke'
    const { isUncertain } = expected as { readonly isUncertain: boolean }
    expect(error).toMatchObject({
      ...expected,
      isUncertain: isUncertain && isChange,
      vendor: 'clerk',
      operation: `clerkTokens.${operation}`,
    })
    // The operation, what happened, and a further sentence: what to do.
    expect(String(error)).toMatch(
      new RegExp(`clerkTokens\\.${operation}: Clerk(?: responded with | returned |: ).+\\. [A-Z].+`),
    )
    expect(issuer.calls[endpoint]).toBe(isPassing ? attempts : 1)
  })

  it('is aborted with the reason of the signal while Clerk does not respond', async () => {
    const { sender, issuer } = await clerkManagementBed()
    await expectGivenUp(issuer, endpoint, (signal) => call(sender, signal))
    expect(issuer.calls[endpoint]).toBe(1)
  })

  it('is not sent if the signal is already aborted', async () => {
    const { sender, issuer } = await clerkManagementBed()
    const reason = new Error('too late')
    expect(await failureOf(call(sender, AbortSignal.abort(reason)))).toBe(reason)
    expect(issuer.calls.total).toBe(0)
  })

  it('fails at the deadline while Clerk does not respond', async () => {
    const { issuer, clientWith } = await clerkManagementBed()
    issuer.fail(endpoint, 'hang')
    const machineSecretKey = issuer.clerkMachines.sender.secretKey
    const called = call(clientWith({ machineSecretKey, deadline: '50ms' }))
    const error = await failureOf(withoutAnswer(issuer, endpoint, called))
    expect(error).toMatchObject({ name: 'ManagementError', status: undefined })
    expect(String(error)).toContain('no complete response within')
    expect(issuer.calls[endpoint]).toBe(1)
  })

  // Without a machine's key, create is not even sent.
  const keys = operation === 'create' ? ['ak_wrong'] : ['ak_wrong', 'sk_wrong']
  it.each(keys)('an unknown key (%s) is named as the cause', async (key) => {
    const { clientWith, issuer } = await clerkManagementBed()
    const tokens = clientWith(key.startsWith('ak_') ? { machineSecretKey: key } : { secretKey: key })
    const error = await failureOf(call(tokens))
    const code = key.startsWith('ak_') ? 'machine_secret_key_invalid' : 'clerk_key_invalid'
    expect(error).toMatchObject({ status: 401, code, requestId: 'test-issuer' })
    expect(String(error)).toContain('The key was rejected')
    expect(String(error)).not.toContain(key)
    expect(issuer.calls[endpoint]).toBe(1)
  })

  it('hides every secret that the response repeats', async () => {
    const { both, issuer } = await clerkManagementBed()
    const secrets = [issuer.clerkMachines.sender.secretKey, issuer.clerkSecretKey, TOKEN]
    const words = secrets.join(' ')
    const liar = { code: words, message: words, long_message: words }
    for (const status of [400, 401, 404, 429, 500]) {
      issuer.fail(endpoint, { status, body: { errors: [liar], clerk_trace_id: words } })
      const error = await failureOf(call(both))
      const shown = [String(error), inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)]
      // verify alone knows the token as a secret; nothing else is told it.
      const known = operation === 'verify' ? secrets : secrets.slice(0, 2)
      for (const secret of known) expect(shown.join('\n')).not.toContain(secret)
      expect(error).toMatchObject({ status })
    }
  })
})

describe('a read that fails once', () => {
  it.each(CASES.filter(({ attempts }) => attempts === 2))(
    '$operation succeeds on the second call',
    async ({ operation, endpoint }) => {
      const { sender, receiver, issuer, subject } = await clerkManagementBed()
      const { token, tokenId } = await sender.create()
      issuer.resetCalls()
      issuer.fail(endpoint, { status: 503, times: 1 })
      const found =
        operation === 'list' ? (await sender.list({ subject })).items[0] : await receiver.verify({ token })
      expect(found).toMatchObject({ tokenId })
      expect(issuer.calls[endpoint]).toBe(2)
    },
  )
})

describe('incorrect responses', () => {
  it('a revocation that did not revoke the token is an error', async () => {
    const { sender, issuer } = await clerkManagementBed()
    const { tokenId } = await sender.create()
    issuer.fail('clerkTokens', (_request, response) => {
      const times = { expiration: null, created_at: 1, updated_at: 1 }
      const token = {
        object: 'machine_to_machine_token',
        id: tokenId,
        subject: SUBJECT,
        revoked: false,
        expired: false,
      }
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ ...token, ...times }))
    })
    const error = await failureOf(sender.revoke({ tokenId }))
    expect(error).toMatchObject({ isUncertain: true })
    expect(String(error)).toContain('returned a token that is not revoked')
  })

  it('an error without a body names its status and the request id of the proxy', async () => {
    const { sender, issuer } = await clerkManagementBed()
    issuer.fail('clerkTokens', { status: 403, headers: { 'cf-ray': 'ray-1' }, body: '' })
    const error = await failureOf(sender.create())
    expect(error).toMatchObject({ status: 403, code: undefined, requestId: 'ray-1' })
    expect(String(error)).toBe(
      'ManagementError: clerkTokens.create: Clerk responded with 403 (request ray-1). The key does not have permission for this',
    )
  })

  it('drops a token that the response contains unexpectedly', async () => {
    const { sender, receiver, issuer } = await clerkManagementBed()
    const { token, tokenId, subject } = await sender.create()
    issuer.fail('clerkVerify', {
      status: 200,
      body: {
        ...{ object: 'machine_to_machine_token', id: tokenId, subject, claims: null, scopes: [], token },
        ...{ revoked: false, revocation_reason: null, expired: false, expiration: null },
        ...{ created_at: 1000, updated_at: 2500 },
      },
    })
    const verified = await receiver.verify({ token })
    expect(verified).toMatchObject({ createdAt: 1, updatedAt: 2.5, lastUsedAt: null })
    expect(inspect(verified, { showHidden: true })).not.toContain(token)
  })
})

it('both calls, with the key of the machine and of the instance, share one deadline', async () => {
  const { issuer, both } = await clerkManagementBed()
  const left: number[] = []
  issuer.fail('clerkTokens', (_request, response) => {
    left.push(Math.max(...runningDeadlines()))
    passDeadlines(7)
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
  })
  await failureOf(both.list({ subject: SUBJECT }))
  expect(left).toEqual([10, 3])
})
