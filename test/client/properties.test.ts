import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenSource, TokenSourceError, type TokenSource } from '../../src/client/index.js'
import { APIS, ORIGINS, type ApiAnswer } from './apis.js'
import { manualClock, type TestClock } from '../support/clock.js'
import { passDeadlines } from '../support/setup/deadlines.js'
import { manualIssuer, type ManualAnswer, type ManualIssuer } from '../support/servers/manual-issuer.js'
import { nextTurn } from '../support/until.js'

const LIFETIME = 100
/** A token is renewed at 70 % at the earliest, and is about to expire at 90 %. */
const [EARLIEST_RENEWAL, SHORT] = [0.7 * LIFETIME, 0.9 * LIFETIME]
const DEADLINE = 3
const SETS = ['a', 'b', 'a b'] as const
/** Shortest time after which a token is renewed ahead of the age limit of an API: 70 % of 10 s. */
const EARLIEST_BY_AGE = 7
/** Renewals that refusals may cause at first, and seconds for each further one. */
const [REFUSAL_BURST, REFUSAL_SECONDS] = [10, 5]
/** Each API has its own interval, and so has `forget`, which names none. */
const INTERVALS = ORIGINS.length + 1
/** Longest backoff: 60 s, or twice the longest `Retry-After` of these tests. */
const LONGEST_BACKOFF = 60

/** What the commands know of the tokens. */
interface Model {
  /** The last token of each set. */
  readonly last: Map<string, string>
  /** The tokens that an API has refused. */
  readonly refused: Set<string>
  refusals: number
  /** Whether an API stated an age limit. */
  isLimited: boolean
}

interface Real {
  readonly clock: TestClock
  readonly issuer: ManualIssuer
  readonly source: TokenSource
  readonly callers: Promise<void>[]
  readonly startedAt: number
  /** Whether every set has a place in the cache. */
  readonly isRoomy: boolean
  /** The answers of the APIs, by origin. */
  readonly apis: Record<(typeof ORIGINS)[number], ApiAnswer>
}

type Command = fc.AsyncCommand<Model, Real>

/** Lets everything that is due run. Nothing here waits for the outside. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await nextTurn()
}

function command(name: string, run: (model: Model, real: Real) => Promise<void> | void): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real)
      await turns()
      expect(real.issuer.mostInFlight()).toBeLessThanOrEqual(1)
      expectFewRequests(model, real)
    },
    toString: () => name,
  }
}

function ageOf({ clock, issuer }: Real, token: string): number {
  return (clock.read() - issuer.issuedAt.get(token)!) / 1000
}

/**
 * A token is issued once per set, per renewal time that passes, and per refused request. Whatever the API does, refusals cause few
 * renewals per time.
 */
function expectFewRequests(
  { refusals, isLimited }: Model,
  { clock, issuer, startedAt, isRoomy }: Real,
): void {
  if (!isRoomy) return
  const seconds = clock.now() - startedAt
  const renewals = Math.floor(seconds / (isLimited ? EARLIEST_BY_AGE : EARLIEST_RENEWAL))
  const most = SETS.length * INTERVALS * (REFUSAL_BURST + Math.floor(seconds / REFUSAL_SECONDS))
  expect(issuer.issued()).toBeLessThanOrEqual(SETS.length * (1 + renewals) + Math.min(refusals, most))
}

function call(real: Real, model: Model, scopes: string, signal?: AbortSignal): { isSettled: boolean } {
  const state = { isSettled: false }
  const caller = real.source.getToken({ scopes, ...(signal && { signal }) }).then(
    (token) => {
      expect(ageOf(real, token)).toBeLessThan(LIFETIME - 5)
      model.last.set(scopes, token)
    },
    (error: unknown) => {
      if (signal?.aborted === true) expect(error).toBe(signal.reason)
      else expect(error).toBeInstanceOf(TokenSourceError)
    },
  )
  real.callers.push(caller.finally(() => (state.isSettled = true)))
  return state
}

const ask = fc.constantFrom(...SETS).map((scopes) =>
  command(`ask for ${scopes}`, async (model, real) => {
    const last = model.last.get(scopes)
    const isUsable = last !== undefined && !model.refused.has(last) && ageOf(real, last) < SHORT
    const isValid = real.isRoomy && !model.isLimited && isUsable
    const caller = call(real, model, scopes)
    await turns()
    if (isValid) expect(caller.isSettled).toBe(true)
  }),
)

const abort = fc.constantFrom(...SETS).map((scopes) =>
  command(`ask for ${scopes} and abort`, async (model, real) => {
    const controller = new AbortController()
    const caller = call(real, model, scopes, controller.signal)
    await turns()
    controller.abort(new Error('aborted'))
    await turns()
    expect(caller.isSettled).toBe(true)
  }),
)

const refuse = fc.constantFrom(...SETS).map((scopes) =>
  command(`the API refuses the token of ${scopes}`, (model, { source }) => {
    const last = model.last.get(scopes)
    if (last === undefined) return
    model.refused.add(last)
    model.refusals += 1
    source.forget(last)
  }),
)

const send = fc.tuple(fc.constantFrom(...SETS), fc.constantFrom(...ORIGINS)).map(([scopes, origin]) =>
  command(`fetch from ${origin} with ${scopes}`, (_, { source, callers }) => {
    const sent = source.fetch(origin, {}, { scopes }).then(
      ({ status }) => expect([200, 401, 503]).toContain(status),
      (error: unknown) => expect(error).toBeInstanceOf(TokenSourceError),
    )
    callers.push(sent.then(() => undefined))
  }),
)

const change = fc
  .tuple(fc.constantFrom(...Object.entries(APIS)), fc.constantFrom(...ORIGINS))
  .map(([[name, answer], origin]) =>
    command(`the API ${origin} ${name}`, (_, { apis }) => {
      apis[origin] = answer
    }),
  )

const burst = fc
  .record({
    scopes: fc.constantFrom(...SETS),
    times: fc.integer({ min: 5, max: 40 }),
    origin: fc.constantFrom(...ORIGINS),
  })
  .map(({ scopes, times, origin }) =>
    command(
      `${times} requests to ${origin} with ${scopes}, one each second, from an issuer that works`,
      async (model, real) => {
        const stop = real.issuer.answerAll('token')
        for (let index = 0; index < times; index += 1) {
          await real.source.fetch(origin, {}, { scopes }).catch(() => undefined)
          real.clock.pass(1)
          expectFewRequests(model, real)
        }
        stop()
      },
    ),
  )

const pass = fc.integer({ min: 1, max: 60 }).map((seconds) =>
  command(`${seconds} s pass`, (_, { clock }) => {
    clock.pass(seconds)
  }),
)

const suspend = fc.integer({ min: 60, max: 600 }).map((seconds) =>
  command(`the machine is suspended for ${seconds} s`, (_, { clock }) => {
    clock.pass(seconds)
    passDeadlines(DEADLINE)
  }),
)

const hang = fc.constant(
  command('the deadline passes', (_, { clock }) => {
    clock.pass(DEADLINE)
    passDeadlines(DEADLINE)
  }),
)

const answers: readonly (readonly [string, ManualAnswer])[] = [
  ['a token', 'token'],
  ['a token', 'token'],
  ['the same token', 'same token'],
  ['a reset', 'reset'],
  ['a 500', { status: 500 }],
  ['a 503', { status: 503 }],
  ['a 401', { status: 401 }],
  ['a refused request', { status: 400, body: { error: 'invalid_scope' } }],
  ['a 429', { status: 429, headers: { 'retry-after': String(LONGEST_BACKOFF / 2) } }],
]

const answer = fc.constantFrom(...answers).map(([name, how]) =>
  command(`the issuer answers with ${name}`, (_, { issuer }) => {
    issuer.open[0]?.answer(how)
  }),
)

function create(maxTokens: number): { readonly model: Model; readonly real: Real } {
  const clock = manualClock()
  const issuer = manualIssuer(clock.read, LIFETIME)
  const model: Model = { last: new Map(), refused: new Set(), refusals: 0, isLimited: false }
  const accepts = APIS['accepts']!
  const apis: Real['apis'] = { 'https://api.test': accepts, 'https://other.test': accepts }
  let count = 0
  const fetch: typeof globalThis.fetch = (input, init) => {
    const { origin } = new URL(input instanceof URL ? input.href : input)
    const answer = Object.entries(apis).find(([api]) => api === origin)?.[1]
    if (answer === undefined) return issuer.fetch(input, init)
    const response = answer((count += 1))
    if (response.status === 401) {
      model.refusals += 1
      model.refused.add(new Headers(init?.headers).get('authorization')!.replace('Bearer ', ''))
      // A set may hold a newer token than its last caller received, and that one is refused now.
      model.last.clear()
    }
    model.isLimited ||= /invalid_token", max_age="\d{1,9}"/.test(
      response.headers.get('www-authenticate') ?? '',
    )
    return Promise.resolve(response)
  }
  const source = tokenSource({
    tokenEndpoint: 'https://issuer.test/token',
    clientId: 'x',
    clientSecret: 'y',
    fetch,
    allowedOrigins: ORIGINS,
    clock: clock.read,
    deadline: DEADLINE,
    maxTokens,
    // Without an observer, each failing renewal would be a process warning.
    onEvent: () => undefined,
  })
  const real = {
    clock,
    issuer,
    source,
    callers: [],
    startedAt: clock.now(),
    isRoomy: maxTokens >= SETS.length,
    apis,
  }
  return { model, real }
}

/** After the issuer is back and the longest backoff has passed, every set gets a token. */
async function expectRecovery({ clock, issuer, source, callers }: Real): Promise<void> {
  issuer.answerAll('token')
  await Promise.all(callers)
  await turns()
  clock.pass(LONGEST_BACKOFF)
  for (const scopes of SETS) expect(await source.getToken({ scopes })).toMatch(/^token-/)
}

describe('in any order of events', () => {
  it('no expired token is returned, no caller with a valid token waits, and requests are few', async () => {
    const kinds = [
      ask,
      ask,
      ask,
      answer,
      answer,
      pass,
      suspend,
      hang,
      refuse,
      abort,
      send,
      send,
      change,
      burst,
    ]
    const commands = fc.commands(kinds, { maxCommands: 60, size: '+1' })
    await fc.assert(
      fc.asyncProperty(commands, fc.integer({ min: 1, max: SETS.length + 1 }), async (events, maxTokens) => {
        const { model, real } = create(maxTokens)
        await fc.asyncModelRun(() => ({ model, real }), events)
        await expectRecovery(real)
        real.source.close()
      }),
      { numRuns: 200 },
    )
  })
})
