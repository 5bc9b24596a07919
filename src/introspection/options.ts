import type { RemoteSettings } from '../model/issuer/issuer-settings.js'
import { duration, type Duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import { restricting, type TableOf } from '../options/reader.js'
import { integer } from '../options/readers.js'

/** The `remote` option of an issuer: limits of introspection calls, and lifetimes of their cached results. */
export interface RemoteOptions {
  /**
   * Lifetime of a cached active result, from 0 to `'1h'`, which is how long a revocation may go unnoticed. Never used past
   * the token's expiry.
   *
   * @defaultValue `'30s'`
   */
  readonly lifetime?: Duration
  /**
   * Lifetime of a cached inactive result, from 0 to `'60s'`.
   *
   * @defaultValue `'5s'`
   */
  readonly refusedLifetime?: Duration
  /**
   * Maximum duration of one call, from connection to last byte, a retry included. From `'10ms'` to `'60s'`.
   *
   * @defaultValue `'3s'`
   */
  readonly deadline?: Duration
  /**
   * Maximum size of a response body in bytes, after decompression by a custom `fetch`. From 1,024 to 16,777,216.
   *
   * @defaultValue `16_384`
   */
  readonly maxBytes?: number
  /**
   * Number of retries after a network error or a 502, 503 or 504 without `Retry-After`, within the deadline: 0 or 1.
   *
   * @defaultValue `1`
   */
  readonly retries?: number
  /**
   * Maximum number of calls in flight, and of calls that wait for discovery, each from 1 to 10,000. Further requests are
   * refused with `issuer_overloaded`. All tenants of an issuer share the limit, and one tenant may use as much of it as it
   * leaves to the others: half, if no other tenant has calls in flight. Above 256, calls also wait for one of the 256 connections
   * to the issuer.
   *
   * @defaultValue `64`
   */
  readonly maxInFlight?: number
  /**
   * Number of consecutive failed calls that open the circuit, if a probe with a random token fails too. From 1 to 1,000.
   *
   * @defaultValue `5`
   */
  readonly breakerAfter?: number
  /**
   * Time for which the circuit stays open before a single trial call. From `'100ms'` to `'60s'`.
   *
   * @defaultValue `'5s'`
   */
  readonly breakerPause?: Duration
}

/** Readers of the `remote` options. */
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
