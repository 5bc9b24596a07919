import { IN_USE, REFRESH_AT } from '../../src/verifier/freshness.js'

/**
 * The calls a second that one instance makes about one token whose requests reach it at random (Poisson) at a rate.
 *
 * An answer serves until the next question: the first request after its lifetime, or, in the last part of it, the first
 * one that makes the token one in use. One call per such cycle: 1 / E[C], and E[C] is the integral of P(C > t).
 */
export function callsPerSecond(rate: number, lifetime: number): number {
  return 1 / cycleSeconds(rate, lifetime)
}

const STEPS = 400

function cycleSeconds(rate: number, lifetime: number): number {
  const early = lifetime * REFRESH_AT
  const step = (lifetime - early) / STEPS
  let inWindow = 0
  for (let index = 0; index < STEPS; index += 1) inWindow += outlives((index + 0.5) * step) * step
  // After its end the answer waits for the next request, which takes 1 / rate on average.
  return early + inWindow + outlives(lifetime - early) / rate

  /** The chance that nothing has asked anew so long after refreshing became possible. */
  function outlives(time: number): number {
    let chance = 0
    for (let before = 0; before < IN_USE - 1; before += 1) {
      // So many uses before the window leave this many in it that do not yet make the token one in use.
      chance += poisson(rate * early, before) * atMost(rate * time, IN_USE - 1 - before)
    }
    const inUseBefore = 1 - atMost(rate * early, IN_USE - 2)
    return chance + inUseBefore * Math.exp(-rate * time)
  }
}

function poisson(mean: number, count: number): number {
  let chance = Math.exp(-mean)
  for (let index = 1; index <= count; index += 1) chance *= mean / index
  return chance
}

function atMost(mean: number, count: number): number {
  let chance = 0
  for (let index = 0; index <= count; index += 1) chance += poisson(mean, index)
  return chance
}

/** A fleet, and what it serves. */
export interface Fleet {
  readonly instances: number
  readonly tokens: number
  /** Of all tokens together, over all instances. */
  readonly requestsPerSecond: number
  readonly lifetime: number
}

/** Calls a second that the issuer sees of a fleet whose instances remember for themselves. */
export function apart({ instances, tokens, requestsPerSecond, lifetime }: Fleet): number {
  const rate = requestsPerSecond / tokens / instances
  return instances * tokens * callsPerSecond(rate, lifetime)
}

/**
 * The same with a store that all instances ask first, and that asks the issuer once its answer has run out: a cycle of
 * the store lasts the lifetime, and then until the next question of any instance. The instance whose question began
 * the cycle asks again at every multiple of its own cycle; the others at any point of theirs.
 */
export function shared(fleet: Fleet): number {
  const { instances, tokens, lifetime } = fleet
  const own = (tokens * instances) / apart(fleet)
  const sameAgain = Math.ceil(lifetime / own) * own - lifetime
  const wait = (own / instances) * (1 - (1 - sameAgain / own) ** instances)
  return tokens / (lifetime + wait)
}
