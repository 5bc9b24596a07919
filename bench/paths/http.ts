import {
  indexOfBare,
  measureAtRate,
  startCells,
  withCpu,
  WITHOUT_SIGNATURE,
  type AtRate,
  type Cell,
} from '../http/cells.js'
import { CONNECTIONS, saturate } from '../http/load.js'
import { DIGEST, OWN, OWNERS, servers as all, type Shares } from '../http/own-servers.js'
import { goal, table, type Column, type Effort, type Goal, type Report } from '../support/report.js'
import { interleave, median, ratios, spread } from '../support/statistics.js'
import { startIssuer, times } from '../support/tokens.js'

const MANY = 1000
const RATE = 2000
/** Lengths in milliseconds. */
const COMPLETE = { warmUp: 1000, saturated: 2000 }
const QUICK = { warmUp: 300, saturated: 300 }
const AT_RATE = { perSecond: RATE, turn: 100, turns: 16, warmUp: 1000 }
const QUICK_AT_RATE = { ...AT_RATE, turns: 6, warmUp: 500, rounds: 1 }
const GOALS = {
  Express: { share: 0.95, micros: 10 },
  Koa: { share: 0.93, micros: 5 },
  Fastify: { share: 0.85, micros: 5 },
} as const

/** The figures of one server at saturation, per round. */
interface Saturated {
  readonly cell: Cell
  readonly perSecond: readonly number[]
  readonly cpuMicros: readonly number[]
  /** Requests per second relative to the bare server with the same tokens. */
  readonly share: readonly number[]
}

/** Goal 3: the cost of a guard in a server, with cached tokens. */
export async function http({ quick, rounds }: Effort): Promise<Report> {
  const lengths = quick ? QUICK : COMPLETE
  const servers = quick ? all.filter(({ guard }) => guard !== DIGEST) : all
  const issuer = await startIssuer('RS256')
  const headers = times(MANY, () => `Bearer ${issuer.mint()}`)
  const start = (some: typeof servers) => startCells(some, issuer.issuance, headers, !quick)
  const running = await start(servers)
  const saturated = await measureSaturated(running.cells, rounds, lengths)
  const profiled = await profileAll(saturated, lengths.saturated)
  await running.end()
  const compared = quick ? servers.filter(({ guard }) => WITHOUT_SIGNATURE.includes(guard)) : servers
  const plan = quick ? QUICK_AT_RATE : { ...AT_RATE, rounds }
  const atRate = await measureAtRate(() => start(compared), plan)
  issuer.close()
  return {
    path: 'http',
    title: 'HTTP',
    tables: [
      table('saturated', `Saturated with ${CONNECTIONS} connections`, saturated, [
        ...cellColumns,
        ['perSecond', 'requests/s', ({ perSecond }) => median(perSecond)],
        ['spread', 'spread %', ({ perSecond }) => spread(perSecond)],
        ['share', 'relative to bare', ({ share }) => median(share), 3],
        ['cpu', 'server CPU µs', ({ cpuMicros }) => median(cpuMicros), 1],
      ]),
      table('rate', `${RATE.toLocaleString('en-US')} requests per second`, atRate, [
        ...cellColumns,
        ['cpu', 'server CPU µs', ({ micros }) => median(micros), 1],
        ['spread', 'spread %', ({ micros }) => spread(micros)],
        ['above', 'above bare µs', ({ above }) => median(above), 1],
        ['least', 'minimum', ({ above }) => Math.min(...above), 1],
        ['most', 'maximum', ({ above }) => Math.max(...above), 1],
      ]),
      table('profile', 'CPU of a request at saturation by part of the code, µs', profiled, [
        ...cellColumns,
        ...OWNERS.map((owner): Column<Profiled> => [
          `in ${owner}`,
          `in ${owner}`,
          ({ cpuMicros, shares }) => median(cpuMicros) * shares[owner],
          1,
        ]),
      ]),
    ],
    goals: [...shareGoals(saturated), ...rateGoals(atRate)],
    notes: [
      `Bare is the same server with a middleware that only checks that a token is present. Bare sha256 + Map.get also looks up its digest, which is the minimum cost of a guard whose cache does not store the tokens. The load generator at saturation is autocannon with ${CONNECTIONS} connections. At saturation the load generator wakes up more often for the slower server, which adds to the measured cost of that server. The CPU at a fixed rate does not have this error. At a fixed rate each round has new processes, and each server has ${plan.turns} turns of ${plan.turn} ms, alternating with the others, back and forth. The CPU of a round is the sum of all its turns, including garbage collection. The figure above bare is the median of its turns, which excludes disturbed turns and therefore most collections. Two identical processes differ slightly throughout their lifetime, which only more rounds can average out.`,
      'The last table divides the CPU of the first table by the shares of a profile. Guard is the code of m2m-guard and of its cache, digest is the SHA-256 of the token, and node is everything in Node and the engine. The rest of the cost of a guard is work that it causes elsewhere: garbage collection, and objects with properties that the compiler did not expect.',
    ],
  }
}

const cellColumns: readonly Column<{ readonly cell: Cell }>[] = [
  ['framework', 'framework', ({ cell }) => cell.server.framework],
  ['guard', 'guard', ({ cell }) => cell.server.guard],
  ['tokens', 'tokens', ({ cell }) => cell.tokens],
]

async function measureSaturated(
  cells: readonly Cell[],
  rounds: number,
  lengths: typeof COMPLETE,
): Promise<readonly Saturated[]> {
  const samples = await interleave(cells, rounds, (cell, isWarmUp) =>
    withCpu(cell, () => saturate(cell, isWarmUp ? lengths.warmUp : lengths.saturated)),
  )
  const speeds = samples.map((list) => list.map(({ perSecond }) => perSecond))
  return cells.map((cell, index) => ({
    cell,
    perSecond: speeds[index] ?? [],
    cpuMicros: (samples[index] ?? []).map(({ micros, requests }) => micros / requests),
    share: ratios(speeds[index] ?? [], speeds[indexOfBare(cells, cell)] ?? []),
  }))
}

type Profiled = Saturated & { readonly shares: Shares }

/** Profiles each server under full load, separately from the measurement, because profiling takes CPU time. */
async function profileAll(
  saturated: readonly Saturated[],
  milliseconds: number,
): Promise<readonly Profiled[]> {
  const profiled: Profiled[] = []
  for (const one of saturated) {
    const { child, server } = one.cell
    if (!WITHOUT_SIGNATURE.includes(server.guard)) continue
    await child.ask({ kind: 'profile' })
    await saturate(one.cell, milliseconds)
    profiled.push({ ...one, shares: await child.ask<Shares>({ kind: 'profiled' }) })
  }
  return profiled
}

const isOwn = ({ cell }: { readonly cell: Cell }): boolean => cell.server.guard === OWN

function shareGoals(saturated: readonly Saturated[]): readonly Goal[] {
  return saturated.filter(isOwn).map(({ cell: { server, tokens }, share }) => {
    const what = `${server.framework}, tokens: ${tokens}: requests per second relative to bare`
    return goal(what, share, '', '>=', GOALS[server.framework].share)
  })
}

function rateGoals(atRate: readonly AtRate[]): readonly Goal[] {
  return atRate.filter(isOwn).map(({ cell: { server, tokens }, above }) => {
    const what = `${server.framework}, tokens: ${tokens}: CPU per request above bare`
    return goal(what, above, ' µs', '<=', GOALS[server.framework].micros)
  })
}
