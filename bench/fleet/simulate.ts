import { createVerifier, oauth } from '../../src/index.js'
import { randomNumbers } from '../support/statistics.js'
import { times } from '../support/tokens.js'
import type { Fleet } from './model.js'
import { SharedStore } from './shared-store.js'
import { askedFor, SimulatedIssuer } from './simulated-issuer.js'

const STEP_MS = 50

/**
 * Drives real verifiers, one for each instance, through simulated time, and counts the calls a second that the issuer
 * sees. The first lifetimes, in which every instance starts with nothing, are not counted.
 */
export async function simulate(fleet: Fleet, seconds: number, hasStore: boolean): Promise<number> {
  const { instances, tokens, requestsPerSecond, lifetime } = fleet
  const issuer = new SimulatedIssuer({ answerMs: 0 })
  const source = hasStore ? new SharedStore(issuer, lifetime) : issuer
  const verifiers = times(instances, () =>
    createVerifier({
      issuers: [oauth({ ...askedFor(source), remote: { lifetime, maxInFlight: 10_000 } })],
      clock: () => issuer.now,
    }),
  )
  const random = randomNumbers(instances)
  const pick = (count: number): number => Math.floor(random() * count)
  const run = async (length: number): Promise<void> => {
    const until = issuer.now + length * 1000
    let due = 0
    while (issuer.now < until) {
      // Requests come at random, to any instance, about any token: a Poisson stream for each pair.
      for (due += (requestsPerSecond * STEP_MS) / 1000; due > 0; due -= -Math.log(1 - random())) {
        const headers = { authorization: `Bearer token-${pick(tokens)}` }
        void verifiers[pick(instances)]?.authorize({ headers })
      }
      await issuer.pass(STEP_MS)
    }
  }
  await run(lifetime * 3)
  issuer.calls = 0
  await run(seconds)
  return issuer.calls / seconds
}
