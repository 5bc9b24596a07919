import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { bundleProgram } from '../../support/processes/bundle.js'
import { faultsOf, type SoakReport } from './soak.js'

const run = promisify(execFile)
const program = bundleProgram(new URL('../../../scripts/soak.ts', import.meta.url))

test(
  'a soak with rotations, outages, invalid tokens and revocations gives no wrong response and keeps the budget',
  { timeout: 3_600_000 },
  async () => {
    const { stdout } = await run(process.execPath, [
      '--expose-gc',
      program,
      '--seconds',
      process.env['M2M_GUARD_SLOW'] === undefined ? '6' : '300',
      '--json',
    ])
    const report = JSON.parse(stdout) as SoakReport & { readonly faults: readonly string[] }
    expect(report.faults, report.examples.join('\n')).toEqual([])
    expect(report.wrongAnswers).toBe(0)
    expect(report.requests).toBeGreaterThan(500)
    expect(report.rotations).toBeGreaterThan(0)
    expect(report.outages).toBeGreaterThan(0)
    expect(report.revocations).toBeGreaterThan(0)
    // Every kind of request took part: a caller who never comes is never answered wrongly.
    expect(Object.keys(report.kinds)).toHaveLength(12)
    expect(report.reasons).toMatchObject({
      accepted: expect.any(Number),
      key_unknown: expect.any(Number),
      signature_invalid: expect.any(Number),
      token_inactive: expect.any(Number),
      issuer_unavailable: expect.any(Number),
    })
  },
)

const good: SoakReport = {
  seconds: 1,
  requests: 4,
  brokenRequests: 0,
  statuses: { '200': 1, '400': 1, '401': 1, '403': 1 },
  reasons: {},
  kinds: {},
  wrongAnswers: 0,
  examples: [],
  calls: { keys: { made: 1, budget: 1 }, questions: { made: 1, budget: 1 } },
  latencyMs: { p50: 1, p99: 1 },
  heapMegabytes: { start: 1, end: 1 },
  rotations: 1,
  outages: 1,
  revocations: 1,
}

test.each([
  ['nothing', {}, 0],
  ['a wrong response', { wrongAnswers: 1 }, 1],
  ['a request without a response', { brokenRequests: 1 }, 1],
  ['one key fetch too many', { calls: { ...good.calls, keys: { made: 2, budget: 1 } } }, 1],
  ['one introspection too many', { calls: { ...good.calls, questions: { made: 2, budget: 1 } } }, 1],
  ['kinds of response that never occurred', { statuses: { '401': 4 } }, 3],
])('a soak with %s fails accordingly', (_what, change, faults) => {
  expect(faultsOf({ ...good, ...change })).toHaveLength(faults)
})
