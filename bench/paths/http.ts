import {
  cpuOf,
  checked,
  indexOfBare,
  startCells,
  WITHOUT_SIGNATURE,
  type Cell,
  type Place,
} from '../http/cells.js'
import { measureAtRate, type AtRate } from '../http/fixed-rate.js'
import { DIGEST, OWN, servers as all } from '../http/own-servers.js'
import { OWNERS, type Shares } from '../http/profile.js'
import { CONNECTIONS, saturate } from '../http/saturate.js'
import { goal, type Effort, type Goal, type Report, type Table } from '../support/report.js'
import { interleave, median, ratio, ratios, spread } from '../support/statistics.js'
import { startIssuer, times } from '../support/tokens.js'

const MANY = 1000
const RATE = 2000
/** How long is measured, in milliseconds. */
const COMPLETE = { warmUp: 1000, saturated: 2000 }
const QUICK = { warmUp: 100, saturated: 200 }
const AT_RATE = { perSecond: RATE, turn: 100, turns: 16, warmUp: 1000 }
const QUICK_AT_RATE = { ...AT_RATE, turns: 6, warmUp: 500, rounds: 1 }
const GOALS = {
  Express: { share: 0.95, micros: 10 },
  Koa: { share: 0.93, micros: 5 },
  Fastify: { share: 0.85, micros: 5 },
} as const

interface Sample {
  readonly perSecond: number
  readonly cpuMicros: number
}

/** Goal 3: what a guard costs a server, with tokens it knows. */
export async function http({ quick, rounds }: Effort): Promise<Report> {
  const lengths = quick ? QUICK : COMPLETE
  const servers = quick ? all.filter(({ guard }) => guard !== DIGEST) : all
  const issuer = await startIssuer('RS256')
  const headers = times(MANY, () => `Bearer ${issuer.mint()}`)
  const running = await startCells(servers, issuer.issuance, headers, !quick)
  const saturated = await measureSaturated(running.cells, rounds, lengths)
  const profiled = await profileAll(running.cells, lengths.saturated)
  await running.end()
  const judged = quick ? servers.filter(({ guard }) => WITHOUT_SIGNATURE.includes(guard)) : servers
  const plan = quick ? QUICK_AT_RATE : { ...AT_RATE, rounds }
  const atRate = await measureAtRate(() => startCells(judged, issuer.issuance, headers, !quick), plan)
  issuer.close()
  return {
    path: 'http',
    title: 'HTTP',
    tables: [saturatedTable(saturated), rateTable(atRate), profileTable(saturated, profiled)],
    goals: [...shareGoals(saturated), ...rateGoals(atRate)],
    notes: [
      `Bare is the same server with a middleware that only looks whether there is a token; bare sha256 + Map.get looks for its digest as well, and is the least that a guard can cost which remembers tokens and keeps none. Saturated: autocannon, ${CONNECTIONS} connections. At saturation the load generator, too, wakes up more often for the slower server, which charges it more than its own cost; the CPU at a fixed rate does not have this fault. There each round has new processes, and each server ${plan.turns} turns of ${plan.turn} ms in turn with the others, there and back; a round's CPU is that of all its turns, garbage collection included, and what is above bare the median of its turns, which leaves out those that were disturbed and, with them, most collections. Two processes that do the same differ a little for as long as they live, which only more rounds can even out.`,
      'The last table divides the CPU of the first by the shares of a profile: guard is the code of m2m-guard and of its memory, digest the SHA-256 of the token, node everything of Node and of the engine. What a guard costs beyond the first two is what it leaves for others to do: garbage to collect, objects with members of which the compiler did not know.',
    ],
  }
}

type Measured = ReadonlyMap<Cell, readonly Sample[]>

async function measureSaturated(
  cells: readonly Cell[],
  rounds: number,
  lengths: { readonly warmUp: number; readonly saturated: number },
): Promise<Measured> {
  const samples = await interleave(cells, rounds, async (cell, isWarmUp): Promise<Sample> => {
    const before = await cpuOf(cell)
    const outcome = await saturate(cell.port, cell.headers, isWarmUp ? lengths.warmUp : lengths.saturated)
    const { perSecond, requests } = checked(outcome, cell)
    return { perSecond, cpuMicros: ((await cpuOf(cell)) - before) / requests }
  })
  return new Map(cells.map((cell, index) => [cell, samples[index] ?? []]))
}

type Profiled = ReadonlyMap<Cell, Shares>

/** Whose code the time of each server goes into, once more under full load: watching costs, so this is not measured. */
async function profileAll(cells: readonly Cell[], milliseconds: number): Promise<Profiled> {
  const profiled = new Map<Cell, Shares>()
  for (const cell of cells) {
    if (!WITHOUT_SIGNATURE.includes(cell.server.guard)) continue
    await cell.child.ask({ kind: 'profile' })
    await saturate(cell.port, cell.headers, milliseconds)
    profiled.set(cell, await cell.child.ask<Shares>({ kind: 'profiled' }))
  }
  return profiled
}

/** The samples of the bare server that had the same tokens. */
function bareOf(measured: Measured, cell: Cell): readonly Sample[] {
  return [...measured.values()][indexOfBare([...measured.keys()], cell)] ?? []
}

const speeds = (samples: readonly Sample[]): readonly number[] => samples.map(({ perSecond }) => perSecond)
const costs = (samples: readonly Sample[]): readonly number[] => samples.map(({ cpuMicros }) => cpuMicros)

const whose = ({ server, tokens }: Place): Readonly<Record<string, string>> => ({
  framework: server.framework,
  guard: server.guard,
  tokens,
})

const WHOSE = [
  { key: 'framework', label: 'framework' },
  { key: 'guard', label: 'guard' },
  { key: 'tokens', label: 'tokens' },
]

function saturatedTable(measured: Measured): Table {
  return {
    id: 'saturated',
    title: 'As many requests as 64 connections make',
    columns: [
      ...WHOSE,
      { key: 'perSecond', label: 'requests/s' },
      { key: 'spread', label: 'spread %' },
      { key: 'share', label: 'of bare', digits: 3 },
      { key: 'cpu', label: 'server CPU µs', digits: 1 },
    ],
    rows: [...measured].map(([cell, samples]) => ({
      ...whose(cell),
      perSecond: median(speeds(samples)),
      spread: spread(speeds(samples)),
      share: shareOf(measured, cell),
      cpu: median(costs(samples)),
    })),
  }
}

function rateTable(measured: readonly AtRate[]): Table {
  return {
    id: 'rate',
    title: `${RATE.toLocaleString('en-US')} requests a second`,
    columns: [
      ...WHOSE,
      { key: 'cpu', label: 'server CPU µs', digits: 1 },
      { key: 'spread', label: 'spread %' },
      { key: 'above', label: 'above bare µs', digits: 1 },
      { key: 'least', label: 'at least', digits: 1 },
      { key: 'most', label: 'at most', digits: 1 },
    ],
    rows: measured.map(({ place, micros, above }) => ({
      ...whose(place),
      cpu: median(micros),
      spread: spread(micros),
      above: median(above),
      least: Math.min(...above),
      most: Math.max(...above),
    })),
  }
}

/** The CPU of the first table, divided by the shares of the profile. */
function profileTable(measured: Measured, profiled: Profiled): Table {
  return {
    id: 'profile',
    title: 'Whose code the CPU of a request goes into, at saturation, µs',
    columns: [...WHOSE, ...OWNERS.map((owner) => ({ key: `in ${owner}`, label: `in ${owner}`, digits: 1 }))],
    rows: [...profiled].map(([cell, shares]) => {
      const cpu = median(costs(measured.get(cell) ?? []))
      const parts = OWNERS.map((owner) => [`in ${owner}`, cpu * shares[owner]] as const)
      return { ...whose(cell), ...Object.fromEntries(parts) }
    }),
  }
}

function shareOf(measured: Measured, cell: Cell): number {
  return ratio(speeds(measured.get(cell) ?? []), speeds(bareOf(measured, cell)))
}

const ownCells = (measured: Measured): readonly Cell[] =>
  [...measured.keys()].filter(({ server }) => server.guard === OWN)

function shareGoals(measured: Measured): readonly Goal[] {
  return ownCells(measured).map((cell) => {
    const { framework } = cell.server
    const what = `${framework}, tokens: ${cell.tokens}: requests per second, of bare`
    const shares = ratios(speeds(measured.get(cell) ?? []), speeds(bareOf(measured, cell)))
    return goal(what, shares, '', '>=', GOALS[framework].share)
  })
}

function rateGoals(measured: readonly AtRate[]): readonly Goal[] {
  return measured
    .filter(({ place }) => place.server.guard === OWN)
    .map(({ place: { server, tokens }, above }) => {
      const what = `${server.framework}, tokens: ${tokens}: CPU per request above bare`
      return goal(what, above, ' µs', '<=', GOALS[server.framework].micros)
    })
}
