import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenSource, TokenSourceError, type TokenSource } from '../../src/client/index.js'
import { manualClock, type TestClock } from '../support/clock.js'
import { passDeadlines } from '../support/deadlines.js'
import { manualIssuer, type ManualAnswer, type ManualIssuer } from '../support/manual-issuer.js'
import { nextTurn } from '../support/until.js'

const LIFETIME = 100
/** A token is renewed at 70 % at the earliest, and is about to expire at 90 %. */
const [EARLIEST_RENEWAL, SHORT] = [0.7 * LIFETIME, 0.9 * LIFETIME]
const DEADLINE = 3
const SETS = ['a', 'b', 'a b'] as const
/** Longest backoff: 60 s, or twice the longest `Retry-After` of these tests. */
const LONGEST_BACKOFF = 60

/** What the commands know of the tokens. */
interface Model {
  /** The last token of each set, and whether an API has refused it. */
  readonly last: Map<string, { readonly token: string; isRefused: boolean }>
  refusals: number
}

interface Real {
  readonly clock: TestClock
  readonly issuer: ManualIssuer
  readonly source: TokenSource
  readonly callers: Promise<void>[]
  readonly startedAt: number
  /** Whether every set has a place in the cache. */
  readonly isRoomy: boolean
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

/** A token is issued once per set, per renewal time that passes, and per refused request. */
function expectFewRequests({ refusals }: Model, { clock, issuer, startedAt, isRoomy }: Real): void {
  if (!isRoomy) return
  const renewals = Math.floor((clock.now() - startedAt) / EARLIEST_RENEWAL)
  expect(issuer.issuedAt.size).toBeLessThanOrEqual(SETS.length * (1 + renewals) + refusals)
}

function call(real: Real, model: Model, scopes: string, signal?: AbortSignal): { isSettled: boolean } {
  const state = { isSettled: false }
  const caller = real.source.getToken({ scopes, ...(signal && { signal }) }).then(
    (token) => {
      expect(ageOf(real, token)).toBeLessThan(LIFETIME - 5)
      const isRefused = model.last.get(scopes)?.token === token && model.last.get(scopes)!.isRefused
      model.last.set(scopes, { token, isRefused })
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
    const isValid = real.isRoomy && last?.isRefused === false && ageOf(real, last.token) < SHORT
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
    last.isRefused = true
    model.refusals += 1
    source.forget(last.token)
  }),
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
  const source = tokenSource({
    tokenEndpoint: 'https://issuer.test/token',
    clientId: 'x',
    clientSecret: 'y',
    fetch: issuer.fetch,
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
  }
  return { model: { last: new Map(), refusals: 0 }, real }
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
    const commands = fc.commands([ask, ask, ask, answer, answer, pass, suspend, hang, refuse, abort], {
      maxCommands: 60,
      size: '+1',
    })
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
