import { BARE, DIGEST, OWN, servers as all } from '../http/own-servers.js'
import { sendAtRate } from '../http/fixed-rate.js'
import { OWNERS, type Shares } from '../http/profile.js'
import { CONNECTIONS, saturate } from '../http/saturate.js'
import type { GuardedServer } from '../http/servers.mjs'
import { startChild, type Child } from '../support/child.js'
import { goal, type Effort, type Goal, type Report, type Table } from '../support/report.js'
import { interleave, median, ratio, ratios, spread } from '../support/statistics.js'
import { startIssuer, times } from '../support/tokens.js'

const MANY = 1000
const RATE = 2000
/** Those that check no signature here, whether or not they know what the token is. */
const WITHOUT_SIGNATURE: readonly string[] = [BARE, DIGEST, OWN]
/** How long is measured, in milliseconds. */
const COMPLETE = { warmUp: 1000, saturated: 2000, atRate: 500 }
const QUICK = { warmUp: 100, saturated: 200, atRate: 300 }
/** How many times as many short rounds of the fixed rate: what disturbs a machine for a while then disturbs few of them. */
const SHORT_ROUNDS = 5
const GOALS = {
  Express: { share: 0.95, micros: 10 },
  Koa: { share: 0.93, micros: 5 },
  Fastify: { share: 0.85, micros: 5 },
} as const

/** A server that runs, and the tokens it is sent. */
interface Cell {
  readonly server: GuardedServer
  readonly tokens: 'one' | '1,000'
  readonly headers: readonly string[]
  readonly port: number
  readonly child: Child
}

interface Sample {
  readonly perSecond: number
  readonly cpuMicros: number
}

/** Drives a server for some time; resolves to how many requests it answered, and how many a second. */
type Drive = (
  cell: Cell,
  isWarmUp: boolean,
) => Promise<{ readonly perSecond: number; readonly requests: number }>

/** Goal 3: what a guard costs a server, with tokens it knows. */
export async function http({ quick, rounds }: Effort): Promise<Report> {
  const lengths = quick ? QUICK : COMPLETE
  const servers = quick ? all.filter(({ guard }) => guard !== DIGEST) : all
  const issuer = await startIssuer('RS256')
  const headers = times(MANY, () => `Bearer ${issuer.mint()}`)
  const running = await Promise.all(
    servers.map(async (server) => {
      const child = await startChild(new URL('../http/server.js', import.meta.url), [
        server.framework,
        server.guard,
      ])
      return { server, child, port: await child.ask<number>({ kind: 'start', issuance: issuer.issuance }) }
    }),
  )
  const cells = running.flatMap(({ server, ...rest }): readonly Cell[] => [
    { server, ...rest, tokens: 'one', headers: headers.slice(0, 1) },
    // Who remembers nothing does the same work for one token as for a thousand.
    ...(!quick && WITHOUT_SIGNATURE.includes(server.guard)
      ? [{ server, ...rest, tokens: '1,000' as const, headers }]
      : []),
  ])
  // Every token is seen by every server once before anything is measured.
  for (const { port, headers: some } of cells)
    await sendAtRate(port, some, 1500, some.length === 1 ? 50 : 800)

  const saturated = await measure(cells, rounds, async ({ port, headers: some, server }, isWarmUp) => {
    const outcome = await saturate(port, some, isWarmUp ? lengths.warmUp : lengths.saturated)
    return checked(outcome, server)
  })
  const judged = quick ? cells.filter(({ server }) => WITHOUT_SIGNATURE.includes(server.guard)) : cells
  const atRate = await measure(
    besideEachOther(judged),
    quick ? rounds : rounds * SHORT_ROUNDS,
    async ({ port, headers: some, server }, isWarmUp) => {
      const milliseconds = isWarmUp ? lengths.warmUp : lengths.atRate
      const outcome = await sendAtRate(port, some, RATE, milliseconds)
      return { ...checked(outcome, server), perSecond: RATE }
    },
  )
  const profiled = await profileAll(judged, lengths.saturated)
  await Promise.all(running.map(({ child }) => child.end()))
  issuer.close()
  return {
    path: 'http',
    title: 'HTTP',
    tables: [saturatedTable(saturated), rateTable(atRate), profileTable(saturated, profiled)],
    goals: [...shareGoals(saturated), ...rateGoals(atRate)],
    notes: [
      `Bare is the same server with a middleware that only looks whether there is a token; bare sha256 + Map.get looks for its digest as well, and is the least that a guard can cost which remembers tokens and keeps none. Saturated: autocannon, ${CONNECTIONS} connections. At saturation the load generator, too, wakes up more often for the slower server, which charges it more than its own cost; the CPU at a fixed rate does not have this fault, but differences of a few µs are within its noise; there a round is short, and right after that of the bare server. What others do on the same machine only ever adds: the quietest round is the nearest to what a request costs.`,
      'The last table divides the CPU of the first by the shares of a profile: guard is the code of m2m-guard and of its memory, digest the SHA-256 of the token, node everything of Node and of the engine. What a guard costs beyond the first two is what it leaves for others to do: garbage to collect, objects with members of which the compiler did not know.',
    ],
  }
}

function checked<T extends { readonly requests: number; readonly refused: number }>(
  outcome: T,
  { framework, guard }: GuardedServer,
): T {
  if (outcome.refused === 0 && outcome.requests > 0) return outcome
  throw new Error(`${framework}, ${guard}: ${outcome.refused} of ${outcome.requests} requests failed`)
}

/** Whoever is compared is measured right after what it is compared with. */
function besideEachOther(cells: readonly Cell[]): readonly Cell[] {
  const places = cells.map(({ server, tokens }) => `${server.framework} ${tokens}`)
  return [...new Set(places)].flatMap((place) => cells.filter((_, index) => places[index] === place))
}

type Measured = ReadonlyMap<Cell, readonly Sample[]>

async function measure(cells: readonly Cell[], rounds: number, drive: Drive): Promise<Measured> {
  const samples = await interleave(cells, rounds, async (cell, isWarmUp): Promise<Sample> => {
    const before = await cell.child.ask<number>({ kind: 'cpu' })
    const { perSecond, requests } = await drive(cell, isWarmUp)
    const after = await cell.child.ask<number>({ kind: 'cpu' })
    return { perSecond, cpuMicros: (after - before) / requests }
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
function bareOf(measured: Measured, { server, tokens }: Cell): readonly Sample[] {
  const found = [...measured].find(
    ([other]) =>
      other.server.guard === BARE && other.server.framework === server.framework && other.tokens === tokens,
  )
  return found?.[1] ?? []
}

const speeds = (samples: readonly Sample[]): readonly number[] => samples.map(({ perSecond }) => perSecond)
const costs = (samples: readonly Sample[]): readonly number[] => samples.map(({ cpuMicros }) => cpuMicros)

const whose = ({ server, tokens }: Cell): Readonly<Record<string, string>> => ({
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

function rateTable(measured: Measured): Table {
  return {
    id: 'rate',
    title: `${RATE.toLocaleString('en-US')} requests a second`,
    columns: [
      ...WHOSE,
      { key: 'cpu', label: 'server CPU µs', digits: 1 },
      { key: 'spread', label: 'spread %' },
      { key: 'least', label: 'in the quietest round µs', digits: 1 },
      { key: 'above', label: 'above bare µs', digits: 1 },
    ],
    rows: [...measured].map(([cell, samples]) => ({
      ...whose(cell),
      cpu: median(costs(samples)),
      spread: spread(costs(samples)),
      least: Math.min(...costs(samples)),
      above: median(differences(measured, cell)),
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

/** What a request costs above bare, round by round. */
function differences(measured: Measured, cell: Cell): readonly number[] {
  const bare = costs(bareOf(measured, cell))
  return costs(measured.get(cell) ?? []).map((cost, round) => cost - (bare[round] ?? Number.NaN))
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

function rateGoals(measured: Measured): readonly Goal[] {
  return ownCells(measured).map((cell) => {
    const { framework } = cell.server
    const what = `${framework}, tokens: ${cell.tokens}: CPU per request above bare`
    return goal(what, differences(measured, cell), ' µs', '<=', GOALS[framework].micros)
  })
}
