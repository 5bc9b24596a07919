import { Agent } from 'node:http'
import { startChild, type Child } from '../support/child.js'
import type { Issuance } from '../support/tokens.js'
import { sendAtRate, type Target } from './send.js'
import { BARE, DIGEST, OWN } from './own-servers.js'
import type { GuardedServer } from './servers.mjs'

/** Those that check no signature here, whether or not they know what the token is. */
export const WITHOUT_SIGNATURE: readonly string[] = [BARE, DIGEST, OWN]

/** A server, and how many tokens it is sent. */
export interface Place {
  readonly server: GuardedServer
  readonly tokens: 'one' | '1,000'
}

/** A server that runs. */
export interface Cell extends Place, Target {
  readonly child: Child
}

/** Servers that run, for as long as they are measured. */
export interface Running {
  readonly cells: readonly Cell[]
  end(): Promise<void>
}

/** Starts each server in a process of its own, and has it see every token once. */
export async function startCells(
  servers: readonly GuardedServer[],
  issuance: Issuance,
  headers: readonly string[],
  isWithMany: boolean,
): Promise<Running> {
  const started = await Promise.all(
    servers.map(async (server) => {
      const module = new URL('server.js', import.meta.url)
      const child = await startChild(module, [server.framework, server.guard])
      const port = await child.ask<number>({ kind: 'start', issuance })
      // Its connections stay: to make one costs a server more than a request.
      return { server, child, port, agent: new Agent({ keepAlive: true, maxSockets: 64 }), sent: 0 }
    }),
  )
  const cells = started.flatMap((of): readonly Cell[] => [
    { ...of, tokens: 'one', headers: headers.slice(0, 1) },
    // Who remembers nothing does the same work for one token as for a thousand.
    ...(isWithMany && WITHOUT_SIGNATURE.includes(of.server.guard)
      ? [{ ...of, tokens: '1,000' as const, headers }]
      : []),
  ])
  for (const cell of cells) await sendAtRate(cell, 1500, cell.tokens === 'one' ? 50 : 800)
  return {
    cells: besideEachOther(cells),
    async end() {
      for (const { agent } of started) agent.destroy()
      await Promise.all(started.map(({ child }) => child.end()))
    },
  }
}

/** Whoever is compared is measured right after what it is compared with. */
function besideEachOther(cells: readonly Cell[]): readonly Cell[] {
  const places = cells.map(({ server, tokens }) => `${server.framework} ${tokens}`)
  return [...new Set(places)].flatMap((place) => cells.filter((_, index) => places[index] === place))
}

/** Where the bare server stands that is sent the same tokens. */
export function indexOfBare(places: readonly Place[], { server, tokens }: Place): number {
  return places.findIndex(
    (other) =>
      other.server.guard === BARE && other.server.framework === server.framework && other.tokens === tokens,
  )
}

/** The CPU of a server since it was started, in microseconds. */
export function cpuOf({ child }: Cell): Promise<number> {
  return child.ask<number>({ kind: 'cpu' })
}

/** A server that lets nobody in is quick. */
export function checked<T extends { readonly requests: number; readonly refused: number }>(
  outcome: T,
  { server: { framework, guard } }: Place,
): T {
  if (outcome.refused === 0 && outcome.requests > 0) return outcome
  throw new Error(`${framework}, ${guard}: ${outcome.refused} of ${outcome.requests} requests failed`)
}
