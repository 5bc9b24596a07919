import type { SoakReport } from './soak.js'

/** Describes a soak for the terminal. */
export function describeSoak(
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
    `responses by status\n${counts(report.statuses)}`,
    `decisions by reason\n${counts(report.reasons)}`,
    `requests by kind\n${counts(report.kinds)}`,
    `wrong responses: ${report.wrongAnswers}; requests without a response: ${report.brokenRequests}`,
    ...report.examples.map((example) => `  ${example}`),
    `calls to the issuer: keys ${calls.keys.made} of at most ${calls.keys.budget}, introspection ${calls.questions.made} of at most ${calls.questions.budget}`,
    `latency: p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`,
    `heap: ${heapMegabytes.start} MB at the start, ${heapMegabytes.end} MB at the end`,
    faults.length === 0 ? 'passed' : `FAILED: ${faults.join('; ')}`,
  ].join('\n')
}
