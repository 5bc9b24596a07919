// npm run soak -- --seconds 60: a guarded server under load while everything about its issuer changes.
import { parseArgs } from 'node:util'
import { faultsOf, soak, type SoakReport } from '../test/slow/soak/soak.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '30' }, json: { type: 'boolean' } },
})
const seconds = Number(values.seconds)
if (!Number.isInteger(seconds) || seconds < 1)
  throw new TypeError('--seconds must be a whole number of seconds')

const report = await soak(seconds)
const faults = faultsOf(report)
console.log(values.json === true ? JSON.stringify({ ...report, faults }) : textOf(report, faults))
process.exitCode = faults.length === 0 ? 0 : 1

function textOf(
  { calls, latencyMs, heapMegabytes, ...report }: SoakReport,
  faults: readonly string[],
): string {
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `  ${String(count).padStart(8)}  ${name}`)
      .join('\n')
  return [
    `${report.requests} requests in ${report.seconds} s; ${report.rotations} key rotations, ${report.outages} outages, ${report.revocations} revocations`,
    `answers by status\n${counts(report.statuses)}`,
    `decisions by reason\n${counts(report.reasons)}`,
    `requests by kind\n${counts(report.kinds)}`,
    `wrong answers: ${report.wrongAnswers}; requests without an answer: ${report.brokenRequests}`,
    ...report.examples.map((example) => `  ${example}`),
    `calls to the issuer: keys ${calls.keys.made} of at most ${calls.keys.budget}, questions ${calls.questions.made} of at most ${calls.questions.budget}`,
    `latency: p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`,
    `heap: ${heapMegabytes.start} MB at the start, ${heapMegabytes.end} MB at the end`,
    faults.length === 0 ? 'passed' : `FAILED: ${faults.join('; ')}`,
  ].join('\n')
}
