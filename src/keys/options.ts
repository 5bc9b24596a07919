import type { RequestHeaders } from '../model/issuer/issuer-settings.js'
import type { KeySettings } from '../model/issuer/issuer-settings.js'
import { duration, type Duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import { optional, restricting, type TableOf } from '../options/reader.js'
import { func, integer } from '../options/readers.js'

/**
 * The `keys` option of an issuer: how keys and discovery documents are fetched, and how long keys are used.
 *
 * @example
 * ```ts
 * oauth({ issuer, audience, keys: { lifetime: '5m', stale: '2h' } })
 * ```
 */
export interface KeyOptions {
  /**
   * Time that fetched keys are used before they are fetched again: from `'1m'` to `'1d'`. A shorter `Cache-Control:
   * max-age` of the response applies instead, down to one minute (RFC 9111 section 5.2.2.1).
   *
   * @defaultValue `'10m'`
   */
  readonly lifetime?: Duration
  /**
   * Time after the last successful fetch during which keys stay usable while fetches fail: from `lifetime` to `'7d'`.
   * After it, JWTs get 503 `keys_unavailable`.
   *
   * @defaultValue `'1h'`
   */
  readonly stale?: Duration
  /**
   * Backoff after the first failed fetch: from `'100ms'` to `'60s'`. It doubles with each further failure, up to
   * `longestPause`. `Retry-After` of a 429 or 503 (RFC 9110 section 10.2.3) extends it, up to `longestPause`.
   *
   * @defaultValue `'1s'`
   */
  readonly pause?: Duration
  /**
   * Maximum backoff between failed fetches: from `pause` to `'1h'`.
   *
   * @defaultValue `'60s'`
   */
  readonly longestPause?: Duration
  /**
   * Minimum time between two fetches that unknown key ids trigger: from `'1s'` to `'1h'`.
   *
   * @defaultValue `'10s'`
   */
  readonly unknownKeyPause?: Duration
  /**
   * Maximum time of one HTTP exchange, from connection to last byte: from `'10ms'` to `'60s'`.
   *
   * @defaultValue `'3s'`
   */
  readonly deadline?: Duration
  /**
   * Maximum size of a response body, in bytes: from 1024 to 16777216. With a custom `fetch` that decompresses, the
   * decompressed body counts.
   *
   * @defaultValue 262144
   */
  readonly maxBytes?: number
  /**
   * Maximum number of keys that are read from a key set: from 1 to 1000. Further keys are ignored.
   *
   * @defaultValue 100
   */
  readonly maxKeys?: number
  /**
   * Returns headers for the requests for keys and the discovery document, such as `authorization`. Called for every fetch,
   * so that a token that rotates in a file is read again.
   *
   * They are sent to `jwksUri` and to the origin of `issuer` only: not to a discovered `jwks_uri` of another origin, and
   * not after a redirect, because redirects are not followed. They are not sent to the introspection endpoint. A function
   * that throws, hangs for longer than `deadline`, or returns an invalid header fails the fetch.
   *
   * @defaultValue none
   */
  readonly headers?: RequestHeaders
}

/** Readers of {@link KeySettings}. */
export const KEY_SETTINGS = {
  lifetime: restricting(duration({ min: '1m', max: '1d', default: '10m' })),
  stale: restricting(duration({ atLeast: 'lifetime', max: '7d', default: '1h' })),
  pause: duration({ min: '100ms', max: '60s', default: '1s' }),
  longestPause: duration({ atLeast: 'pause', max: '1h', default: '60s' }),
  unknownKeyPause: duration({ min: '1s', max: '1h', default: '10s' }),
  deadline: duration({ min: '10ms', max: '60s', default: '3s' }),
  maxBytes: integer({ min: 1024, max: 16 * 1024 * 1024, default: 256 * 1024 }),
  maxKeys: integer({ min: 1, max: 1000, default: 100 }),
} satisfies TableOf<KeySettings>

/** Readers of the `keys` option. */
export const KEY_OPTIONS = {
  ...KEY_SETTINGS,
  headers: optional(func<RequestHeaders>()),
} satisfies TableOf<KeyOptions>

/** Settings of issuers without a `keys` option. */
export const KEY_DEFAULTS: KeySettings = readOptions('keys', {}, KEY_SETTINGS)
