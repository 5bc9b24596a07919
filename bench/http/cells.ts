import { Agent } from 'node:http'
import { startChild, type Child } from '../support/child.js'
import { median } from '../support/statistics.js'
import type { Issuance } from '../support/tokens.js'
import { saturate, sendAtRate, type Load, type Target } from './load.js'
import { BARE, DIGEST, OWN } from './own-servers.js'
import type { GuardedServer } from './servers.mjs'

/** The guards that verify no signatures once the tokens are cached. */
export const WITHOUT_SIGNATURE: readonly string[] = [BARE, DIGEST, OWN]

/** A running server, and the number of tokens that are sent to it. */
export interface Cell extends Target {
  readonly server: GuardedServer
  readonly tokens: 'one' | '1,000'
  readonly child: Child
}

/** Starts each server in its own process and sends it every token once. */
export async function startCells(
  servers: readonly GuardedServer[],
  issuance: Issuance,
  headers: readonly string[],
  isWithMany: boolean,
) {
  const started = await Promise.all(
    servers.map(async (server) => {
      const child = await startChild(new URL('server.js', import.meta.url), [server.framework, server.guard])
      const port = await child.ask<number>({ kind: 'start', issuance })
      // Connections are kept alive, because opening one takes a server more CPU time than a request.
      return { server, child, port, agent: new Agent({ keepAlive: true, maxSockets: 64 }), sent: 0 }
    }),
  )
  const cells = started.flatMap((one): readonly Cell[] => [
    { ...one, tokens: 'one', headers: headers.slice(0, 1) },
    // A guard without a cache does the same work for one token and for a thousand.
    ...(isWithMany && WITHOUT_SIGNATURE.includes(one.server.guard)
      ? [{ ...one, tokens: '1,000' as const, headers }]
      : []),
  ])
  for (const cell of cells) await sendAtRate(cell, 1500, cell.tokens === 'one' ? 50 : 800)
  // Cells that are compared are measured directly after each other.
  const places = [...new Set(cells.map(placeOf))]
  return {
    cells: places.flatMap((place) => cells.filter((cell) => placeOf(cell) === place)),
    async end() {
      for (const { agent } of started) agent.destroy()
      await Promise.all(started.map(({ child }) => child.end()))
    },
  }
}

const placeOf = ({ server, tokens }: Cell): string => `${server.framework} ${tokens}`

/** The index of the bare server of the same framework that gets the same tokens. */
export function indexOfBare(cells: readonly Cell[], cell: Cell): number {
  return cells.findIndex((other) => other.server.guard === BARE && placeOf(other) === placeOf(cell))
}

/** Returns the result of a load, with the CPU time of the server during the load in microseconds. */
export async function withCpu<T extends Load>(
  cell: Cell,
  load: () => Promise<T>,
): Promise<T & { readonly micros: number }> {
  const cpu = (): Promise<number> => cell.child.ask<number>({ kind: 'cpu' })
  const before = await cpu()
  const outcome = await load()
  const micros = (await cpu()) - before
  // Rejected requests are fast, so a result with rejections is invalid.
  if (outcome.refused === 0 && outcome.requests > 0) return { ...outcome, micros }
  const { framework, guard } = cell.server
  throw new Error(`${framework}, ${guard}: ${outcome.refused} of ${outcome.requests} requests failed`)
}

/** Settings of the measurement at a fixed rate. */
export interface RatePlan {
  readonly perSecond: number
  readonly rounds: number
  /** The number of turns of each server within a round, and their length in milliseconds. */
  readonly turns: number
  readonly turn: number
  /** Milliseconds for which each server is saturated before its first turn. */
  readonly warmUp: number
}

/** The cost of a request at a fixed rate. */
export type AtRate = Awaited<ReturnType<typeof measureAtRate>>[number]

/**
 * Measures the cost of a request at a fixed rate. Every round has new processes, because two identical processes differ
 * slightly throughout their lifetime. A round has many short turns, back and forth, so that a disturbance of the machine
 * affects all servers.
 */
export async function measureAtRate(start: () => ReturnType<typeof startCells>, plan: RatePlan) {
  const rounds: Awaited<ReturnType<typeof measureRound>>[] = []
  for (let round = 0; round < plan.rounds; round += 1) {
    const running = await start()
    rounds.push(await measureRound(running.cells, plan))
    await running.end()
  }
  const figures = (index: number, of: 'micros' | 'above'): readonly number[] =>
    rounds.map((round) => round[index]?.[of] ?? Number.NaN)
  return (rounds[0] ?? []).map(({ cell }, index) => ({
    cell,
    micros: figures(index, 'micros'),
    above: figures(index, 'above'),
  }))
}

/** Returns the CPU time of each server in one round in microseconds, and the median of its turns above the bare server. */
async function measureRound(cells: readonly Cell[], plan: RatePlan) {
  const warm = new Set<Child>()
  for (const cell of cells) {
    if (!warm.has(cell.child)) await saturate(cell, plan.warmUp)
    warm.add(cell.child)
  }
  const turns = cells.map((): { readonly micros: number; readonly requests: number }[] => [])
  const forward = [...cells.entries()]
  for (let turn = 0; turn < plan.turns; turn += 1) {
    for (const [index, cell] of turn % 2 === 0 ? forward : forward.toReversed())
      turns[index]?.push(await withCpu(cell, () => sendAtRate(cell, plan.perSecond, plan.turn)))
  }
  return cells.map((cell, index) => {
    const own = turns[index] ?? []
    const bare = turns[indexOfBare(cells, cell)] ?? []
    const sum = (of: 'micros' | 'requests'): number => own.reduce((total, turn) => total + turn[of], 0)
    const costs = (of: typeof own): readonly number[] => of.map(({ micros, requests }) => micros / requests)
    const above = costs(own).map((cost, turn) => cost - (costs(bare)[turn] ?? Number.NaN))
    return { cell, micros: sum('micros') / sum('requests'), above: median(above) }
  })
}
