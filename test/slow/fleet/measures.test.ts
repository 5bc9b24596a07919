import { describe, expect, it } from 'vitest'
import { withCleanups } from '../../support/at-end.js'
import {
  measureEntries,
  measureFleet,
  measureSlowRedis,
} from '../../support/redis/processes/measured-fleet.js'

/** The measurements of `npm run bench -- --only fleet`, as short as possible. No time decides. */
describe('the measurement of several processes', () => {
  it('waits until every process refuses each token, and counts the introspection calls', async () => {
    const plan = { processes: 2, revocations: 3, inFlight: 2, lifetimes: 1, nudge: true, isShared: true }
    const figures = await withCleanups((atEnd) => measureFleet(plan, atEnd))
    expect(figures.untilRefused).toHaveLength(3)
    for (const milliseconds of figures.untilRefused) expect(milliseconds).toBeGreaterThanOrEqual(0)
    expect(figures.callsAtStart).toBeGreaterThan(0)
  })

  it('weighs entries, and lets processes read all of them', async () => {
    const plan = { entries: 2000, newcomers: 1, rounds: 2, calls: 10 }
    const { bytes, bytesInRedis, milliseconds, added } = await withCleanups((atEnd) =>
      measureEntries(plan, atEnd),
    )
    for (const figure of [...bytes, bytesInRedis, ...milliseconds]) expect(figure).toBeGreaterThan(0)
    expect(added).toHaveLength(2)
  })

  it('sends requests before and while Redis is slow', async () => {
    const plan = { verifiers: 2, requests: 3, milliseconds: 100 }
    const figures = await withCleanups((atEnd) => measureSlowRedis(plan, atEnd))
    expect([figures.first.length, figures.following.length]).toEqual([2, 6])
    expect([figures.firstWithout.length, figures.followingWithout.length]).toEqual([2, 6])
    expect(figures.revocations.length).toBeGreaterThan(0)
    expect(figures.revocationsBefore.length).toBeGreaterThan(0)
  })
})
