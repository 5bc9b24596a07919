import { median } from '../support/statistics.js'
import { checked, cpuOf, indexOfBare, type Cell, type Place, type Running } from './cells.js'
import { saturate } from './saturate.js'
import { sendAtRate } from './send.js'

/** How the fixed rate is measured. */
export interface RatePlan {
  readonly perSecond: number
  readonly rounds: number
  /** How often each server has its turn within a round, and for how many milliseconds. */
  readonly turns: number
  readonly turn: number
  /** For how many milliseconds each server is saturated before its first turn. */
  readonly warmUp: number
}

/** What a request took, one figure for each round: CPU in microseconds. */
export interface AtRate {
  readonly place: Place
  readonly micros: readonly number[]
  /** Above the bare server in the same turn. */
  readonly above: readonly number[]
}

/**
 * Measures what a request costs at a fixed rate. Every round has new processes, because two that do the same
 * differ by microseconds for as long as they live: by where the operating system has put what they use. Within a round
 * many short turns follow each other, there and back, so that what disturbs the machine for a while disturbs all.
 */
export async function measureAtRate(
  start: () => Promise<Running>,
  plan: RatePlan,
): Promise<readonly AtRate[]> {
  const rounds: (readonly RoundOfOne[])[] = []
  for (let round = 0; round < plan.rounds; round += 1) {
    const running = await start()
    rounds.push(await measureRound(running.cells, plan))
    await running.end()
  }
  return (rounds[0] ?? []).map(({ place }, index) => ({
    place,
    micros: rounds.map((round) => round[index]?.micros ?? Number.NaN),
    above: rounds.map((round) => round[index]?.above ?? Number.NaN),
  }))
}

interface RoundOfOne {
  readonly place: Place
  readonly micros: number
  readonly above: number
}

async function measureRound(cells: readonly Cell[], plan: RatePlan): Promise<readonly RoundOfOne[]> {
  for (const { port, headers } of cells) await saturate(port, headers, plan.warmUp)
  const costs = cells.map((): number[] => [])
  const there = [...cells.keys()]
  for (let turn = 0; turn < plan.turns; turn += 1) {
    for (const index of turn % 2 === 0 ? there : there.toReversed()) {
      const cell = cells[index]
      if (cell !== undefined) costs[index]?.push(await costOf(cell, plan))
    }
  }
  return cells.map((place, index) => {
    const bare = costs[indexOfBare(cells, place)] ?? []
    const own = costs[index] ?? []
    return {
      place,
      micros: median(own),
      above: median(own.map((cost, turn) => cost - (bare[turn] ?? Number.NaN))),
    }
  })
}

async function costOf(cell: Cell, { perSecond, turn }: RatePlan): Promise<number> {
  const before = await cpuOf(cell)
  const { requests } = checked(await sendAtRate(cell, perSecond, turn), cell)
  return ((await cpuOf(cell)) - before) / requests
}
