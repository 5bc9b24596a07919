import type { KeySettings } from '../model/issuer.js'
import { durationOr, type Duration } from '../options/duration.js'
import { ownOptions } from '../options/read-options.js'
import { wholeNumber } from '../options/readers.js'

/** The `keys` option of an issuer: how its keys are fetched and how long they are used. */
export interface KeyOptions {
  /** How long fetched keys are used without asking again. Default `'10m'`, from `'1m'`; a shorter `max-age` wins, down to 1 min. */
  readonly lifetime?: Duration
  /** How long after the last success keys stay usable while fetches fail. Default `'1h'`; never below `lifetime`. */
  readonly stale?: Duration
  /**
   * The first pause after a failed fetch; doubles with each failure. Default `'1s'`. A `Retry-After` of a 429 or 503
   * (RFC 9110 section 10.2.3) makes a pause longer, up to `longestPause`.
   */
  readonly pause?: Duration
  /** The longest pause after a failed fetch. Default `'60s'`. */
  readonly longestPause?: Duration
  /** At most one fetch for the sake of unknown key ids in this time. Default `'10s'`. */
  readonly unknownKeyPause?: Duration
  /** Bounds one exchange, from connection to last byte. Default `'3s'`, at most `'60s'`. */
  readonly deadline?: Duration
  /** The largest document read, in bytes after decompression. Default 262144. */
  readonly maxBytes?: number
  /** The most keys taken from a set. Default 100. */
  readonly maxKeys?: number
}

/** Reads the `keys` option. */
export function readKeyOptions(option: string, given: KeyOptions = {}): KeySettings {
  const own = ownOptions(option, given, {
    lifetime: true,
    stale: true,
    pause: true,
    longestPause: true,
    unknownKeyPause: true,
    deadline: true,
    maxBytes: true,
    maxKeys: true,
  })
  const lifetime = durationOr(`${option}.lifetime`, own.lifetime, 600, { min: 60, max: 86_400 })
  const pause = durationOr(`${option}.pause`, own.pause, 1, { min: 0.1, max: 60 })
  return {
    lifetime,
    stale: durationOr(`${option}.stale`, own.stale, Math.max(3600, lifetime), {
      min: lifetime,
      max: 7 * 86_400,
    }),
    pause,
    longestPause: durationOr(`${option}.longestPause`, own.longestPause, 60, { min: pause, max: 3600 }),
    unknownKeyPause: durationOr(`${option}.unknownKeyPause`, own.unknownKeyPause, 10, { min: 1, max: 3600 }),
    deadline: durationOr(`${option}.deadline`, own.deadline, 3, { min: 0.01, max: 60 }),
    maxBytes: wholeNumber(`${option}.maxBytes`, own.maxBytes, 256 * 1024, {
      min: 1024,
      max: 16 * 1024 * 1024,
    }),
    maxKeys: wholeNumber(`${option}.maxKeys`, own.maxKeys, 100, { min: 1, max: 1000 }),
  }
}
