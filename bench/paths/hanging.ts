import { fileURLToPath } from 'node:url'
import { withCleanups } from '../../test/support/at-end.js'
import { runIsolated } from '../../test/support/lookups/isolated.js'
import type { Plan, Waits } from '../../test/support/lookups/measured-service.js'
import { atLeast, atMost, goal, table, type Effort, type Report } from '../support/report.js'
import { interleave, intervalOfMedian, median, percentile } from '../support/statistics.js'

const HANGING = 3
const COMPLETE = { rounds: 7, requests: 150, everyMs: 40, limitMs: 3000 }
const QUICK: typeof COMPLETE = { rounds: 2, requests: 20, everyMs: 40, limitMs: 500 }

const contenders = (
  [
    ['m2m-guard', 'introspection'],
    ['m2m-guard, fetch: fetch', 'introspection'],
    ['m2m-guard', 'keys'],
    ['jose createRemoteJWKSet', 'keys'],
  ] as const
).flatMap(([verifier, need]) => [0, HANGING].map((hanging) => ({ verifier, need, hanging })))

/** Requests of a healthy issuer and lookups of the application, while the name server of other issuers is silent. */
export async function hanging({ quick }: Effort): Promise<Report> {
  const { rounds, ...plan } = quick ? QUICK : COMPLETE
  const service = fileURLToPath(new URL('../../test/support/lookups/measured-service.js', import.meta.url))
  const measured = await interleave(contenders, rounds, async (contender, isWarmUp) => {
    // Each round is a new process, which has its own warm-up.
    if (isWarmUp) return { requests: [], lookups: [] }
    const args = [service, JSON.stringify({ ...contender, ...plan } satisfies Plan)]
    return (await withCleanups((atEnd) => runIsolated({ args, atEnd }))) as Waits
  })
  const figures = (['requests', 'lookups'] as const).flatMap((what) =>
    contenders.map((contender, index) => {
      const lists = measured[index]?.map((round) => round[what]) ?? []
      const isDone = lists.flat().map((wait) => wait < plan.limitMs)
      const p99 = lists.map((list) => percentile(list, 0.99))
      return { ...contender, what, isDone, done: isDone.filter(Boolean).length, p50: lists.map(median), p99 }
    }),
  )
  return {
    path: 'hanging',
    title: 'Issuers whose name server does not respond',
    tables: [
      table('hanging', 'While the name server of other issuers does not respond', figures, [
        ['what', 'measured', ({ what }) => (what === 'requests' ? 'requests of the healthy issuer' : 'dns.lookup')],
        ['verifier', 'verifier', ({ verifier }) => verifier],
        ['need', 'calls for', ({ need }) => need],
        ['hanging', 'issuers that hang', ({ hanging }) => hanging],
        ['done', 'in time', ({ done, isDone }) => `${done} of ${isDone.length}`],
        ['p50', 'p50 ms', ({ p50 }) => median(p50), 1],
        ['p99', 'p99 ms', ({ p99 }) => median(p99), 1],
        ['low', '95 % from', ({ p99 }) => intervalOfMedian(p99)[0], 1],
        ['high', 'to', ({ p99 }) => intervalOfMedian(p99)[1], 1],
      ]),
    ],
    goals: figures
      .filter(({ verifier, hanging }) => verifier === 'm2m-guard' && hanging > 0)
      .flatMap(({ what, need, isDone, done, p99 }) => [
        goal(`${HANGING} hang, ${need}: ${what} in time`, (done / isDone.length) * 100, atLeast(100, ' %')),
        goal(`${HANGING} hang, ${need}: p99 of ${what}`, p99, atMost(100, ' ms')),
      ]),
    notes: [
      `Each round is a new process in namespaces for network and mounts, which contains the healthy issuer and the name server. Every ${plan.everyMs} ms it authorizes a request with a new token of the healthy issuer, whose host it does not know yet, and one of each issuer that hangs, and the application looks up a host. For introspection, each request is a call over a new connection. For keys, the first requests wait for one call. A wait counts from the time at which the request or lookup was due. What takes ${plan.limitMs.toLocaleString('en-US')} ms or more, or is refused, is not in time and counts as that long.`,
    ],
  }
}
