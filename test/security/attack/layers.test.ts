import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { attackRuns, count, LONGEST_ATTACK, printCounts } from './budget.js'
import { dependsOnIssuersTolerance, predict } from './oracle.js'
import { scenarios } from './scenario.js'
import { openStage } from './stage.js'

const OUTCOMES = [
  'passed with a token',
  'passed without a token',
  ...[400, 401, 403, 500].map((status) => `refused with ${status}`),
]

it(
  'a request passes any stack of guards exactly if an independent oracle says so',
  async () => {
    const stage = await openStage()
    const counts = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        stage.pass(1)
        const tokens = stage.tokens()
        const { start, steps } = stage.truthOf(scenario)
        fc.pre(!dependsOnIssuersTolerance(start, steps, stage.now()))
        const verdict = predict(start, steps, stage.now())
        stage.reported.length = 0
        const { status, seen } = await stage.perform(scenario)
        if (verdict.runs) {
          const expected = verdict.token === undefined ? 'none' : fingerprintOf(verdict.token)
          expect([status, seen]).toEqual([200, expected])
          count(counts, seen === 'none' ? 'passed without a token' : 'passed with a token')
        } else {
          expect([...verdict.statuses]).toContain(status)
          expect(seen, 'the handler must not run').toBeUndefined()
          count(counts, `refused with ${status}`)
        }
        const said = stage.reported.join('\n')
        expect(tokens.filter(({ token }) => said.includes(token))).toEqual([])
      }),
      attackRuns('layers', { short: 1000, long: 30_000 }),
    )
    printCounts('layers', counts)
    for (const outcome of OUTCOMES) expect(counts.get(outcome), outcome).toBeGreaterThan(5)
  },
  LONGEST_ATTACK,
)

function fingerprintOf(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 16)
}
