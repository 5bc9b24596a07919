import type { RemoteSettings } from '../model/issuer.js'
import { duration, type Duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import { restricting, type TableOf } from '../options/reader.js'
import { integer } from '../options/readers.js'

/** The `remote` option of an issuer: how it is asked about tokens and how long its answers are remembered. */
export interface RemoteOptions {
  /** How long a yes is remembered: how long a revocation may go unnoticed. Never past the token's expiry. Default `'30s'`. */
  readonly lifetime?: Duration
  /** How long a definitive no is remembered. Default `'5s'`, at most `'60s'`. */
  readonly refusedLifetime?: Duration
  /** Bounds one question, from connection to last byte, a second attempt included. Default `'3s'`, at most `'60s'`. */
  readonly deadline?: Duration
  /** Maximum size of a response body in bytes, after decompression by a custom `fetch`. Default 16384. */
  readonly maxBytes?: number
  /** Further attempts after a network error or a 502, 503 or 504 without `Retry-After`, within the deadline. Default 1, at most 1. */
  readonly retries?: number
  /** Maximum number of calls in flight, and of calls that wait for discovery; more get `issuer_overloaded`. Default 64. */
  readonly maxInFlight?: number
  /** Failed calls in a row that open the circuit, if a probe of the guard fails too. Default 5. */
  readonly breakerAfter?: number
  /** How long the circuit stays open before a single call is let through. Default `'5s'`, at most `'60s'`. */
  readonly breakerPause?: Duration
}

/** The options of `remote`. */
export const REMOTE_OPTIONS = {
  lifetime: restricting(duration({ max: '1h', default: '30s' })),
  refusedLifetime: duration({ max: '60s', default: '5s' }),
  deadline: duration({ min: '10ms', max: '60s', default: '3s' }),
  maxBytes: integer({ min: 1024, max: 16 * 1024 * 1024, default: 16 * 1024 }),
  retries: integer({ min: 0, max: 1, default: 1 }),
  maxInFlight: integer({ min: 1, max: 10_000, default: 64 }),
  breakerAfter: integer({ min: 1, max: 1000, default: 5 }),
  breakerPause: duration({ min: '100ms', max: '60s', default: '5s' }),
} satisfies TableOf<RemoteOptions>

/** The settings of issuers without `remote`. */
export const REMOTE_DEFAULTS: RemoteSettings = readOptions('remote', {}, REMOTE_OPTIONS)
