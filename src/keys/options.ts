import type { KeySettings } from '../model/issuer.js'
import { duration, type Duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import { restricting, type TableOf } from '../options/reader.js'
import { integer } from '../options/readers.js'

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
  /** Maximum size of a response body in bytes, after decompression by a custom `fetch`. Default 262144. */
  readonly maxBytes?: number
  /** The most keys taken from a set. Default 100. */
  readonly maxKeys?: number
}

/** The options of `keys`. */
export const KEY_OPTIONS = {
  lifetime: restricting(duration({ min: '1m', max: '1d', default: '10m' })),
  stale: restricting(duration({ atLeast: 'lifetime', max: '7d', default: '1h' })),
  pause: duration({ min: '100ms', max: '60s', default: '1s' }),
  longestPause: duration({ atLeast: 'pause', max: '1h', default: '60s' }),
  unknownKeyPause: duration({ min: '1s', max: '1h', default: '10s' }),
  deadline: duration({ min: '10ms', max: '60s', default: '3s' }),
  maxBytes: integer({ min: 1024, max: 16 * 1024 * 1024, default: 256 * 1024 }),
  maxKeys: integer({ min: 1, max: 1000, default: 100 }),
} satisfies TableOf<KeyOptions>

/** The settings of issuers without `keys`. */
export const KEY_DEFAULTS: KeySettings = readOptions('keys', {}, KEY_OPTIONS)
