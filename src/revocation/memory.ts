import { createClock, optionalClock } from '../options/clock.js'
import { readOptions } from '../options/read-options.js'
import { optional, type TableOf } from '../options/reader.js'
import { func, integer } from '../options/readers.js'
import type { RevocationObserver } from '../model/revocation.js'
import { createRevocations } from './create-revocations.js'
import { LocalRevocations } from './local-revocations.js'
import type { Revocations } from './revocations.js'

/** Options of {@link memoryRevocations}. */
export interface MemoryRevocationsOptions {
  /**
   * Maximum number of revoked tokens in memory, from 1 to 10,000,000, and of revoked clients, subjects and issuers. Beyond
   * it a revoked token becomes a cutoff of its client, and cutoffs of an issuer become one: more tokens are refused, never
   * fewer.
   *
   * @defaultValue `1_000_000`
   */
  readonly maxEntries?: number
  /**
   * Called for every event. Errors it throws and promises it rejects are ignored.
   *
   * @defaultValue none: entries that refuse more than was requested cause a process warning (`M2M_GUARD_REVOCATIONS`)
   */
  readonly onEvent?: RevocationObserver
  /**
   * Clock for tests: returns the time in milliseconds since the epoch.
   *
   * @defaultValue the clock of the first verifier that uses the revocations
   */
  readonly clock?: () => number
}

/** Readers of the options that all revocations have. */
export const REVOCATIONS_OPTIONS = {
  maxEntries: integer({ min: 1, max: 10_000_000, default: 1_000_000 }),
  onEvent: optional(func<RevocationObserver>()),
  clock: optionalClock,
} satisfies TableOf<MemoryRevocationsOptions>

/**
 * Creates revocations in the memory of this process. They are lost when it ends, and other processes do not know them: use
 * `redisRevocations()` of `m2m-guard/redis` for several processes.
 *
 * @throws ConfigurationError that names the option that is invalid or unknown.
 *
 * @example
 * ```ts
 * const revocations = memoryRevocations()
 * const verifier = createVerifier({ issuers: [oauth({ issuer, audience })], revocations })
 * await verifier.revoke({ issuer, clientId: 'billing', reason: 'key leaked' })
 * ```
 */
export function memoryRevocations(options: MemoryRevocationsOptions = {}): Revocations {
  const { maxEntries, onEvent, clock } = readOptions('memoryRevocations', options, REVOCATIONS_OPTIONS)
  const local = new LocalRevocations({ maxEntries, clock, systemClock: createClock(), observer: onEvent })
  return createRevocations(local, {
    append: () => Promise.resolve(0),
    ready: () => Promise.resolve(),
    nudge: () => undefined,
    lead: () => 0,
    health: () => ({ status: 'ok', asOf: local.clock.now() }),
    refuseStale: () => undefined,
    start: () => undefined,
    stop: () => undefined,
  })
}
