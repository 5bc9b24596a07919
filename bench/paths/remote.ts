import { COMPLETE, differences, measureChain, QUICK } from '../chain/measure.js'
import { BARE_CALL, OWN_CALL, REMOTE } from '../chain/remote.js'
import { atMost, goal, table, type Effort, type Report } from '../support/report.js'
import { intervalOfMedian, median, ratios } from '../support/statistics.js'

/** Goal 7: what the transport adds to a call of an issuer. */
export async function remote({ quick }: Effort): Promise<Report> {
  const build = new URL('../../', import.meta.url).href
  const contenders = [BARE_CALL, OWN_CALL].map((guard) => ({ guard, tokens: 1, build }))
  const measured = await measureChain(REMOTE, contenders, quick ? QUICK : COMPLETE)
  const figures = contenders.map(({ guard }, index) => ({
    guard,
    nanos: measured.map((process) => median(process[index]?.nanos ?? [])),
    added: differences(measured, 'nanos', index, 0),
    bytes: measured.map((process) => median(process[index]?.bytes ?? [])),
  }))
  const [bare = [], own = []] = figures.map(({ nanos }) => nanos)
  return {
    path: 'remote',
    title: 'A call to the issuer',
    tables: [
      table('remote', 'One introspection call over a kept connection', figures, [
        ['name', 'client', ({ guard }) => guard],
        ['nanos', 'call ns', ({ nanos }) => median(nanos)],
        ['added', 'added ns', ({ added }) => median(added)],
        ['low', '95 % from', ({ added }) => intervalOfMedian(added)[0]],
        ['high', 'to', ({ added }) => intervalOfMedian(added)[1]],
        ['bytes', 'bytes', ({ bytes }) => median(bytes)],
      ]),
    ],
    goals: [goal(`A call relative to a ${BARE_CALL}`, ratios(own, bare), atMost(1.3))],
    notes: [
      'Both clients use a connection in memory, so that only the work of the process is measured, without the kernel. Over a loopback socket, a call of the agent alone takes several times as long, and the difference stays the same. m2m-guard adds the deadline, the limits on size and encoding, and the lookup.',
    ],
  }
}
