import { setImmediate as nextTurn } from 'node:timers/promises'
import { median, shuffle } from '../support/statistics.js'
import type { Issuance } from '../support/tokens.js'
import { CACHED, callOf, type Contender } from './guards.js'

/** The contenders of one process, and the length of their measurement. */
export interface RacePlan {
  readonly framework: string
  readonly contenders: readonly Contender[]
  readonly issuance: Issuance
  readonly tokens: readonly string[]
  /** Requests of each contender before anything is measured, so that the engine has optimized the code. */
  readonly warmUp: number
  readonly turns: number
  /** Length of a round in milliseconds. */
  readonly milliseconds: number
  /** Requests of the rounds that measure allocations. Short, so that the engine collects no garbage in most of them. */
  readonly short: number
}

/** The figures of one contender, one for each turn: the median time of a request, and the heap that it allocates. */
export interface Rounds {
  readonly nanos: readonly number[]
  readonly bytes: readonly number[]
}

interface Runner {
  readonly call: () => Promise<void>
  /** Whether each request has a new token. It then arrives in its own turn of the event loop, as in a server. */
  readonly isNew: boolean
  readonly count: number
}

/**
 * Measures contenders in one process. In each turn, each of them has a round, in random order, so that a disturbance
 * affects all of them.
 */
export async function race(plan: RacePlan): Promise<readonly Rounds[]> {
  const { contenders, warmUp, turns, short: least, milliseconds } = plan
  const runners: Runner[] = []
  for (const contender of contenders) {
    const isNew = contender.tokens > CACHED
    const runner = { call: await callOf(contender, plan), isNew, count: Math.max(warmUp, contender.tokens) }
    for (let time = 0; time < 2; time += 1) await measureRound(runner)
    const { nanos } = await measureRound({ ...runner, count: least })
    runners.push({ ...runner, count: Math.max(least, Math.round((milliseconds * 1e6) / nanos)) })
  }
  const long = await takeTurns(runners, turns)
  const short = await takeTurns(
    runners.map((runner) => ({ ...runner, count: least })),
    turns,
  )
  return long.map((rounds, index) => ({
    nanos: rounds.map(({ nanos }) => nanos),
    bytes: (short[index] ?? []).map(({ bytes }) => bytes),
  }))
}

async function takeTurns(runners: readonly Runner[], turns: number) {
  const rounds = runners.map((): Awaited<ReturnType<typeof measureRound>>[] => [])
  for (let turn = 0; turn < turns; turn += 1)
    for (const [index, runner] of shuffle([...runners.entries()])) rounds[index]?.push(await measureRound(runner))
  return rounds
}

async function measureRound({ call, isNew, count }: Runner) {
  const times = new Float64Array(count)
  const heap = process.memoryUsage().heapUsed
  let before = performance.now()
  for (let index = 0; index < count; index += 1) {
    if (isNew) {
      await nextTurn()
      before = performance.now()
    }
    await call()
    const now = performance.now()
    times[index] = now - before
    before = now
  }
  const bytes = (process.memoryUsage().heapUsed - heap) / count
  // The engine collects garbage between turns of the event loop, after the measurement.
  await nextTurn()
  return { nanos: median([...times]) * 1e6, bytes }
}
