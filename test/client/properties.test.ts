import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenSource, TokenSourceError, type TokenSource } from '../../src/client/index.js'
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
const API = 'https://api.test'
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

/** How the API answers the request with this number. */
type ApiAnswer = (count: number) => Response

const refusal = (maxAge: number | undefined): Response => {
  const limit = maxAge === undefined ? '' : `, max_age="${maxAge}"`
  const challenge = `Bearer error="invalid_token"${limit}`
  return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
}

const APIS: Readonly<Record<string, ApiAnswer>> = {
  accepts: () => new Response('ok'),
  refuses: () => refusal(undefined),
  alternates: (count) => (count % 2 === 1 ? refusal(undefined) : new Response('ok')),
  'alternates with max_age 1': (count) => (count % 2 === 1 ? refusal(1) : new Response('ok')),
  'refuses with max_age 12': () => refusal(12),
}

interface Real {
  readonly clock: TestClock
  readonly issuer: ManualIssuer
  readonly source: TokenSource
  readonly callers: Promise<void>[]
  readonly startedAt: number
  /** Whether every set has a place in the cache. */
  readonly isRoomy: boolean
  readonly api: { answer: ApiAnswer }
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
  const most = SETS.length * (REFUSAL_BURST + Math.floor(seconds / REFUSAL_SECONDS))
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

const send = fc.constantFrom(...SETS).map((scopes) =>
  command(`fetch with ${scopes}`, (_, { source, callers }) => {
    const sent = source.fetch(API, {}, { scopes }).then(
      ({ status }) => expect([200, 401]).toContain(status),
      (error: unknown) => expect(error).toBeInstanceOf(TokenSourceError),
    )
    callers.push(sent.then(() => undefined))
  }),
)

const change = fc.constantFrom(...Object.entries(APIS)).map(([name, answer]) =>
  command(`the API ${name}`, (_, { api }) => {
    api.answer = answer
  }),
)

const burst = fc
  .record({ scopes: fc.constantFrom(...SETS), times: fc.integer({ min: 5, max: 40 }) })
  .map(({ scopes, times }) =>
    command(
      `${times} requests with ${scopes}, one each second, from an issuer that works`,
      async (model, real) => {
        const stop = real.issuer.answerAll('token')
        for (let index = 0; index < times; index += 1) {
          await real.source.fetch(API, {}, { scopes }).catch(() => undefined)
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
  const api = { answer: APIS['accepts']! }
  let count = 0
  const fetch: typeof globalThis.fetch = (input, init) => {
    if (!(input instanceof URL ? input.href : (input as string)).startsWith(API))
      return issuer.fetch(input, init)
    const response = api.answer((count += 1))
    if (response.status === 401) {
      model.refusals += 1
      model.refused.add(new Headers(init?.headers).get('authorization')!.replace('Bearer ', ''))
      // A set may hold a newer token than its last caller received, and that one is refused now.
      model.last.clear()
    }
    model.isLimited ||= response.headers.get('www-authenticate')?.includes('max_age') === true
    return Promise.resolve(response)
  }
  const source = tokenSource({
    tokenEndpoint: 'https://issuer.test/token',
    clientId: 'x',
    clientSecret: 'y',
    fetch,
    allowedOrigins: API,
    clock: clock.read,
    deadline: DEADLINE,
    maxTokens,
  })
  const real = {
    clock,
    issuer,
    source,
    callers: [],
    startedAt: clock.now(),
    isRoomy: maxTokens >= SETS.length,
    api,
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
