import { describe, expect, it, onTestFinished } from 'vitest'
import { redisRevocations } from '../../adapters/redis.js'
import { createVerifier, memoryRevocations, oauth, type RevocationEvent } from '../../src/index.js'
import { NOW } from '../support/clock.js'
import { passDeadlines } from '../support/setup/deadlines.js'
import { keyOf } from '../support/tokens/forge.js'
import { failureOf } from '../support/outcomes.js'
import { LONG_LIVED, testBed } from '../support/test-bed.js'
import { until } from '../support/until.js'

const ISSUER = 'https://auth.example.com'

/** A client that fails, until it is connected. */
function start(failure: unknown) {
  const events: RevocationEvent[] = []
  let [isConnected, calls] = [false, 0]
  const call = (command: string): Promise<unknown> => {
    calls += 1
    // A rejection may have any value, such as the errors of clients.
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    if (!isConnected) return Promise.reject(failure)
    return Promise.resolve(
      command.startsWith('EVAL') ? ['epoch', '0', ''] : command === 'HMGET' ? [null, null, null, null] : 0,
    )
  }
  const revocations = redisRevocations({ client: { call }, onEvent: (event) => void events.push(event) })
  const issuers = [
    oauth({ issuer: ISSUER, audience: 'https://orders.internal', jwks: { keys: [keyOf('ES256').jwk] } }),
  ]
  const verifier = createVerifier({ issuers, revocations })
  onTestFinished(() => verifier.close())
  const kinds = () => events.map(({ kind }) => kind)
  return {
    verifier,
    revocations,
    events,
    kinds,
    calls: () => calls,
    connect: () => void (isConnected = true),
  }
}

describe('a store that cannot be read', () => {
  it('is not reported before the application had time to connect its client, nor its recovery', async () => {
    const { revocations, kinds, calls, connect } = start(new Error('The client is closed'))
    await until(() => calls() > 0 && revocations.health().failure !== undefined)
    expect(kinds()).toEqual([])
    connect()
    await revocations.ready()
    expect(revocations.health().status).toBe('ok')
    expect(kinds()).toEqual([])
  })

  it('is reported once if it is not connected after 5 s', async () => {
    const { kinds, calls } = start(new Error('The client is closed'))
    await until(() => calls() > 0)
    await until(() => {
      passDeadlines(1)
      return kinds().length > 0
    })
    expect(kinds()).toEqual(['store_failing'])
  })

  it('is reported if the application waits for ready()', async () => {
    const { revocations, kinds } = start(new Error('The client is closed'))
    await failureOf(revocations.ready())
    expect(kinds()).toEqual(['store_failing'])
  })

  it.each([
    ['the code of the error', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [
      'the first cause',
      new AggregateError([new Error('connect ECONNREFUSED ::1:6379')], ''),
      'connect ECONNREFUSED ::1:6379',
    ],
    ['the name of the error', new RangeError(''), 'RangeError'],
    ['unknown error', undefined, 'unknown error'],
  ])('has a failure that says something, without a message of the client: %s', async (_, error, expected) => {
    const { revocations } = start(error)
    expect((await failureOf(revocations.ready())).message).toBe(expected)
    expect(revocations.health().failure).toBe(expected)
  })

  it('has a failure without the full stop of a message, because a sentence may follow', async () => {
    const { revocations, verifier } = start(
      new Error('MISCONF Check the Redis logs for details about the error..'),
    )
    expect((await failureOf(revocations.ready())).message).toMatch(/about the error$/)
    const revoking = verifier.revoke({ issuer: ISSUER, clientId: 'billing' })
    expect((await failureOf(revoking)).message).toContain('about the error. This process refuses')
  })

  it('is named by ready() of the verifier with advice about the store, not about an issuer', async () => {
    const { verifier } = start(new Error('connect ECONNREFUSED'))
    const { message } = await failureOf(verifier.ready())
    expect(message).toContain(
      'revocations (connect ECONNREFUSED. Check that the client of the store is connected',
    )
    expect(message.slice(message.indexOf('revocations ('))).not.toContain('Check the issuer')
  })
})

describe('the default of before', () => {
  const bed = () => testBed({ revocations: memoryRevocations(), mint: LONG_LIVED })

  it('refuses a token whose iat is ahead of this clock, as far as the clock of the issuer is', async () => {
    const { issuer, verifier, jwt, outcome, pass } = await bed()
    const ahead = jwt({ age: -3 })
    expect(await outcome(ahead)).toBe('accepted')
    await verifier.revoke({ issuer: issuer.url, clientId: issuer.client.clientId })
    const [entry] = verifier.revocations!.list()
    expect(entry).toMatchObject({ kind: 'client', before: NOW + 4 })
    expect(await outcome(ahead)).toBe('token_revoked')
    pass(1)
    expect(await outcome(jwt({ age: -3 }))).toBe('accepted')
  })

  it('is the end of the current second if no token was ahead', async () => {
    const { issuer, verifier, jwt, outcome, pass } = await bed()
    expect(await outcome(jwt())).toBe('accepted')
    await verifier.revoke({ issuer: issuer.url, subject: 'a' })
    expect(verifier.revocations!.list()).toMatchObject([{ before: NOW + 1 }])
    pass(1)
    expect(await outcome(jwt({ subject: 'a' }))).toBe('accepted')
  })
})

it('an entry beyond maxEntries says in its reason that it refuses more than was requested', async () => {
  const revocations = memoryRevocations({ maxEntries: 1, onEvent: () => undefined })
  const { issuer, verifier, jwt, outcome, events } = await testBed({ revocations, mint: LONG_LIVED })
  const token = jwt({ claims: { jti: 'c' } })
  for (const tokenId of ['a', 'b'])
    await verifier.revoke({ issuer: issuer.url, tokenId, reason: 'found in a log' })
  expect(await outcome(token)).toBe('token_revoked')
  expect(events.at(-1)?.detail).toContain('("more than maxEntries: found in a log")')
  expect(verifier.revocations!.list()).toContainEqual(
    expect.objectContaining({ kind: 'issuer', reason: 'more than maxEntries: found in a log' }),
  )
})
