import { clock } from '../options/clock.js'
import { duration, type Duration } from '../options/duration.js'
import { optional, type TableOf } from '../options/reader.js'
import { func, integer, number, oneOf } from '../options/readers.js'
import { allowedOrigins } from './fetch/allowed-origins.js'

/** Options that every token source has. */
export interface CommonTokenSourceOptions {
  /**
   * Origins that `fetch` may send the token to, such as `'https://orders.internal'`: one or a list. `https:`, or
   * `http:` on loopback. `fetch` requires it; `getToken` does not.
   */
  readonly allowedOrigins?: string | readonly string[]
  /**
   * Fraction of the lifetime after which a token is renewed in the background, when it is used. From 0.1 to 0.9.
   * Jitter of ±0.1 is added, so that many processes do not renew simultaneously.
   *
   * @defaultValue `0.8`
   */
  readonly renewAt?: number
  /**
   * When a caller waits for a renewal. With `'background'`, a caller receives the old token while another one is requested.
   * With `'blocking'`, the caller that finds a token due for renewal waits for the new one, and receives the old token only
   * if the renewal fails. For platforms that stop a process between requests, such as AWS Lambda.
   *
   * @defaultValue `'background'`
   */
  readonly renewal?: 'background' | 'blocking'
  /**
   * Deadline of one attempt to obtain a token, which includes reading the secret, discovery and a second request. From
   * `'10ms'` to `'60s'`.
   *
   * @defaultValue `'3s'`
   */
  readonly deadline?: Duration
  /**
   * Maximum number of cached tokens, from 1 to 100,000. The least recently used token is evicted first.
   *
   * @defaultValue `100`
   */
  readonly maxTokens?: number
  /**
   * Custom `fetch` for token requests and for `source.fetch`, such as one with a proxy or a private CA. It must
   * obey `redirect: 'manual'`.
   */
  readonly fetch?: typeof fetch
  /**
   * Current time in milliseconds since the epoch, for tests. By default lifetimes and backoff use the monotonic
   * clock.
   *
   * @defaultValue the system clocks
   */
  readonly clock?: () => number
}

/** Readers of {@link CommonTokenSourceOptions}. */
export const SOURCE_OPTIONS = {
  allowedOrigins: optional(allowedOrigins),
  renewAt: number({ min: 0.1, max: 0.9, default: 0.8 }),
  renewal: oneOf(['background', 'blocking'], 'background'),
  deadline: duration({ min: '10ms', max: '60s', default: '3s' }),
  maxTokens: integer({ min: 1, max: 100_000, default: 100 }),
  fetch: optional(func<typeof fetch>()),
  clock,
} satisfies TableOf<CommonTokenSourceOptions>
