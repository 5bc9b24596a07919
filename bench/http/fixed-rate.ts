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
  /** Above the bare server in the same turn, the median of a round's turns. */
  readonly above: readonly number[]
}

/**
 * Measures what a request costs at a fixed rate. Every round has new processes, because two that do the same differ
 * a little for as long as they live. Within a round many short turns follow each other, there and back,
 * so that what disturbs the machine for a while disturbs all.
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

/** What was measured of one server in one turn. */
interface Turn {
  readonly micros: number
  readonly requests: number
}

async function measureRound(cells: readonly Cell[], plan: RatePlan): Promise<readonly RoundOfOne[]> {
  const warm = new Set<Cell['child']>()
  for (const { port, headers, child } of cells) {
    if (!warm.has(child)) await saturate(port, headers, plan.warmUp)
    warm.add(child)
  }
  const turns = cells.map((): Turn[] => [])
  const there = [...cells.entries()]
  for (let turn = 0; turn < plan.turns; turn += 1) {
    for (const [index, cell] of turn % 2 === 0 ? there : there.toReversed()) {
      turns[index]?.push(await takeTurn(cell, plan))
    }
  }
  return cells.map((place, index) => {
    const own = turns[index] ?? []
    const bare = turns[indexOfBare(cells, place)]?.map(costOf) ?? []
    const above = own.map((of, turn) => costOf(of) - (bare[turn] ?? Number.NaN))
    return { place, micros: costOf(sumOf(own)), above: median(above) }
  })
}

async function takeTurn(cell: Cell, { perSecond, turn }: RatePlan): Promise<Turn> {
  const before = await cpuOf(cell)
  const { requests } = checked(await sendAtRate(cell, perSecond, turn), cell)
  return { micros: (await cpuOf(cell)) - before, requests }
}

function sumOf(turns: readonly Turn[]): Turn {
  return {
    micros: turns.reduce((sum, { micros }) => sum + micros, 0),
    requests: turns.reduce((sum, { requests }) => sum + requests, 0),
  }
}

function costOf({ micros, requests }: Turn): number {
  return micros / requests
}
