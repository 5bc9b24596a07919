import { duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import type { TableOf } from '../options/reader.js'
import { quote } from '../util/quote.js'
import { describeEntry, toRevocation, type Entry } from './entry.js'
import { MAX_TOLERANCE, type LocalRevocations } from './local-revocations.js'
import { createReceipt, readReceipt } from './receipt.js'
import { readTarget } from './read-target.js'
import type { ReachedOptions, RevocationResult, Revocations } from './revocations.js'
import { setRevocationsInternals, type RevocationStore } from './store.js'

const REACHED_OPTIONS = {
  deadline: duration({ max: '1h', default: '30s' }),
} satisfies TableOf<ReachedOptions>

/** Creates revocations from those of this process and a store. */
export function createRevocations(local: LocalRevocations, store: RevocationStore): Revocations {
  let verifiers = 0

  async function append(entries: readonly Entry[]): Promise<RevocationResult> {
    // First in this process, which must refuse them even if the store cannot be reached.
    local.apply(entries)
    // Beyond `maxEntries` the coarser entries, so that the store is bounded too.
    const durable = await store.append(entries.map((entry) => local.set.held(entry)))
    const reason = entries[0]?.reason
    const detail = `revoked: ${entries.map(describeEntry).join(', ')}${reason === undefined ? '' : ` (${quote(reason)})`}`
    local.tell('revoked', detail, entries)
    return Object.freeze({ receipt: createReceipt(entries), durable })
  }

  const revocations: Revocations = {
    // An async function, so that an invalid target is a rejection like any other failure.

    revoke: async (target) => {
      const storeLead = await store.lead()
      return append([readTarget(target, { now: local.clock.now(), tolerance: MAX_TOLERANCE, storeLead })])
    },
    reached: async (receipt, options = {}) => {
      const { deadline } = readOptions('reached', options, REACHED_OPTIONS)
      const entries = readReceipt(receipt)
      const waiting = local.waitFor(entries, deadline)
      store.nudge()
      if (await waiting) return true
      const { failure = 'the store does not contain it' } = store.health()
      throw new Error(`the revocation is unknown to this process after ${deadline} s: ${failure}`)
    },
    list: () => [...local.set.entries()].sort((a, b) => b.at - a.at).map(toRevocation),
    ready: () => store.ready(),
    health: () => ({ ...store.health(), entries: local.set.size }),
    close: () => {
      store.stop()
    },
  }
  setRevocationsInternals(revocations, {
    set: local.set,
    append,
    refuseStale: (now) => store.refuseStale(now),
    lead: () => store.lead(),
    attach: (clock, tolerance) => {
      local.adoptClock(clock, tolerance)
      verifiers += 1
      store.start()
      let isAttached = true
      return () => {
        if (!isAttached) return
        isAttached = false
        verifiers -= 1
        if (verifiers === 0) store.stop()
      }
    },
  })
  return Object.freeze(revocations)
}
