import { loadavg } from 'node:os'
import { withCleanups } from '../../test/support/at-end.js'
import { measureEntries, measureFleet, measureSlowRedis } from '../../test/support/redis/processes/measured-fleet.js'
import { atMost, goal, table, type Effort, type Goal, type Report } from '../support/report.js'
import { intervalOfMedian, median, percentile } from '../support/statistics.js'

/** The two options of a way are independent of each other, so that one run measures both. */
const WAYS = [
  { nudge: false, isShared: false },
  { nudge: true, isShared: true },
]

const COMPLETE = {
  sizes: [1, 4, 16],
  revocations: { revocations: 200, inFlight: 20, lifetimes: 7 },
  entries: { entries: 100_000, newcomers: 5, rounds: 21, calls: 20_000 },
  slow: { verifiers: 21, requests: 50, milliseconds: 5000 },
}
const QUICK: typeof COMPLETE = {
  sizes: [1, 4],
  revocations: { revocations: 10, inFlight: 10, lifetimes: 2 },
  entries: { entries: 10_000, newcomers: 2, rounds: 5, calls: 5000 },
  slow: { verifiers: 5, requests: 10, milliseconds: 1000 },
}

/** Revocations and introspection results that several processes share through Redis. */
export async function fleet({ quick }: Effort): Promise<Report> {
  const { sizes, revocations, ...lengths } = quick ? QUICK : COMPLETE
  const fleets: Fleet[] = []
  for (const processes of sizes) {
    for (const way of WAYS) {
      const plan = { processes, ...way, ...revocations, ...(processes === 1 ? { revocations: 0 } : {}) }
      fleets.push({ ...plan, ...(await withCleanups((atEnd) => measureFleet(plan, atEnd))) })
    }
  }
  const entries = await withCleanups((atEnd) => measureEntries(lengths.entries, atEnd))
  const slow = await withCleanups((atEnd) => measureSlowRedis(lengths.slow, atEnd))
  const count = lengths.entries.entries.toLocaleString('en-US')
  const ofEntries = [
    ['memory of an entry in a process, bytes', entries.bytes],
    ['memory of an entry in Redis, bytes', [entries.bytesInRedis]],
    ['a process that starts has read them after, ms', entries.milliseconds],
    ['added to a request with a cached token, ns', entries.added],
  ] as const
  const waits = [
    ['redisAnswers, first request', slow.first, slow.firstWithout, 5],
    ['redisAnswers, following requests', slow.following, slow.followingWithout, 0.5],
    ['redisRevocations', slow.revocations, slow.revocationsBefore, 0.1],
  ] as const
  return {
    path: 'fleet',
    title: 'Several processes',
    tables: [
      table('revocations', 'From revoke() to the refusal by every process', fleets.filter(hasSeveral), [
        ['way', 'revocations by', wayOf],
        ['processes', 'processes', ({ processes }) => processes],
        ['revocations', 'revocations', ({ untilRefused }) => untilRefused.length],
        ['p50', 'p50 ms', ({ untilRefused }) => median(untilRefused)],
        ['p99', 'p99 ms', ({ untilRefused }) => percentile(untilRefused, 0.99)],
        ['most', 'longest ms', ({ untilRefused }) => Math.max(...untilRefused)],
      ]),
      table('calls', 'Introspection calls for a token that every process uses', fleets, [
        ['results', 'introspection results', ({ isShared }) => (isShared ? 'redisAnswers' : 'not shared')],
        ['processes', 'processes', ({ processes }) => processes],
        ['start', 'when all start together', ({ callsAtStart }) => callsAtStart],
        ['perLifetime', 'per lifetime', ({ callsPerLifetime }) => callsPerLifetime, 2],
      ]),
      table('entries', `${count} revocations`, ofEntries, [
        ['what', `with ${count} revocations`, ([what]) => what],
        ['median', 'median', ([, values]) => median(values)],
        ['low', '95 % from', ([, values]) => intervalOfMedian(values)[0]],
        ['high', 'to', ([, values]) => intervalOfMedian(values)[1]],
      ]),
      table('slow', 'Requests while Redis is slow by 1 s', waits, [
        ['what', 'Redis is slow by 1 s', ([what]) => what],
        ['requests', 'requests', ([, values]) => values.length],
        ['p50', 'p50 ms', ([, values]) => median(values), 3],
        ['p99', 'p99 ms', ([, values]) => percentile(values, 0.99), 3],
        ['usual', 'p50 ms otherwise', ([, , reference]) => median(reference), 3],
        ['usualP99', 'p99 ms otherwise', ([, , reference]) => percentile(reference, 0.99), 3],
      ]),
    ],
    goals: [
      ...fleets.flatMap(fleetGoals),
      ...waits.map(([what, values, usual, limit]) => {
        const added = values.map((value) => value - median(usual))
        return goal(`Redis slow by 1 s, ${what}: added time`, added, atMost(limit, ' ms'))
      }),
      goal(`${count} revocations: added to a request with a cached token`, entries.added, atMost(50, ' ns')),
    ],
    notes: [
      `Redis ${entries.engine} and processes with an HTTP server each, all on this machine, whose load average was ${loadavg()[0]?.toFixed(1) ?? ''} at the end of the run. Up to ${revocations.inFlight} revocations at different times are in flight. Each process authorizes a request with each of their tokens every 4 ms, and the slowest one counts. The issuer responds after 20 ms, a result may be used for 3 s, and each process authorizes 10 requests per second. Requests with redisAnswers have a new token each, and call an issuer that responds immediately. Those of redisRevocations have a cached token. Otherwise means without redisAnswers, or before Redis was slow. An added time of at most 0.5 ms counts as no wait, because a wait would take 4 ms or more.`,
    ],
  }
}

type Fleet = Awaited<ReturnType<typeof measureFleet>> & Parameters<typeof measureFleet>[0]

/** A single process refuses immediately. */
const hasSeveral = ({ processes }: Fleet): boolean => processes > 1

const wayOf = ({ nudge }: Fleet): string => (nudge ? 'nudge' : 'polling alone')

function fleetGoals(one: Fleet): readonly Goal[] {
  const { processes, nudge, isShared, untilRefused, callsPerLifetime } = one
  const refusal = `${processes} processes, ${wayOf(one)}: p99 from revoke() to the refusal by every process`
  const calls = `${processes} processes, redisAnswers: introspection calls per lifetime`
  return [
    ...(hasSeveral(one) ? [goal(refusal, percentile(untilRefused, 0.99), atMost(nudge ? 100 : 1500, ' ms'))] : []),
    ...(isShared ? [goal(calls, callsPerLifetime, atMost(1.1, ''))] : []),
  ]
}
