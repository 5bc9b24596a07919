import { describe, expect, it, onTestFinished } from 'vitest'
import { randomOf, Scenario } from '../../support/redis/processes/scenario.js'

const isLong = process.env['M2M_GUARD_SLOW'] !== undefined
const SEEDS = isLong ? Array.from({ length: 12 }, () => Math.floor(Math.random() * 2 ** 32)) : [22]
const STEPS = isLong ? 154 : 22
const CRASHES = isLong ? 10 : 1

describe('three processes with HTTP servers, and one Redis', () => {
  it.each(SEEDS)(
    'no process accepts what was acknowledged as revoked and it has read, whatever happens (seed %i)',
    async (seed) => {
      const random = randomOf(seed)
      const scenario = await Scenario.start(3, { atEnd: onTestFinished, random, crashes: CRASHES })
      const { violations, acknowledged, responses } = await scenario.run(STEPS)
      expect(violations).toEqual([])
      expect(acknowledged).toBeGreaterThan(0)
      expect(responses).toBeGreaterThan(STEPS * 9)
    },
  )
})
