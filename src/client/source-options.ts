import { clock } from '../options/clock.js'
import { duration, type Duration } from '../options/duration.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { custom, described, optional, restricting, type TableOf } from '../options/reader.js'
import { func, integer, number, oneOf } from '../options/readers.js'
import { insecureHosts } from '../options/url.js'
import type { TokenSourceObserver } from '../model/token-source-event.js'
import { tokensInternalsOf, type Tokens } from '../store/tokens.js'
import { allowedOrigins } from './fetch/allowed-origins.js'
import { retryOn401 } from './fetch/token-refusal.js'

/** Options that every token source has. */
export interface CommonTokenSourceOptions {
  /**
   * Origins that `fetch` may send the token to, such as `'https://orders.internal'`: one or a list. `https:`, or
   * `http:` on loopback or at `insecureHosts`. `fetch` requires it; `getToken` does not. Without wildcards.
   */
  readonly allowedOrigins?: string | readonly string[]
  /**
   * Hosts that are called over plain http, such as `['keycloak:8080']`: the issuer, and those of `allowedOrigins`. For a mesh that
   * encrypts the connections itself. `health()` lists them, and each causes a process warning.
   *
   * @defaultValue `[]`
   */
  readonly insecureHosts?: readonly string[]
  /**
   * Fraction of the lifetime after which a token is renewed in the background, when it is used. From 0.1 to 0.9.
   * Jitter of ±0.1 is added, so that many processes do not renew simultaneously.
   *
   * @defaultValue `0.8`
   */
  readonly renewAt?: number
  /**
   * Maximum age of a token that is returned, for an API that refuses older ones, such as a guard with `maxTokenAge`. At least
   * `'5s'`. A token is renewed ahead of it, after the fraction `renewAt`. A source also learns this limit from the 401 of a guard
   * of m2m-guard: set the option for APIs that do not state it, and so that no request is refused first.
   *
   * @defaultValue no limit
   */
  readonly maxAge?: Duration
  /**
   * How long before its expiry a token is no longer returned, because it could expire before the API has checked it. At most half
   * of the lifetime. From `'0s'` to `'10m'`.
   *
   * @defaultValue `'5s'`, or a tenth of a shorter lifetime
   */
  readonly margin?: Duration
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
   * @defaultValue `1000`
   */
  readonly maxTokens?: number
  /**
   * Maximum number of token requests in flight, from 1 to 1000. Further requests wait, and their deadline starts afterwards.
   *
   * @defaultValue `16`
   */
  readonly maxConcurrent?: number
  /**
   * Whether `fetch` renews the token and sends a request again after a 401. `false` returns every 401. A function decides by
   * status and headers; it must not read the body.
   *
   * @defaultValue after a 401 without a challenge, or with a `Bearer` challenge whose error is absent or `invalid_token`
   */
  readonly retryOn401?: false | ((response: Response) => boolean)
  /**
   * Maximum difference between the clocks of this machine and the issuer. Client assertions are issued this much earlier, so that
   * they are not in the future for the issuer. A token whose expiry is stated as a time, at Clerk, ends this much earlier. From
   * `'0s'` to `'30s'`.
   *
   * @defaultValue `'0s'`
   */
  readonly clockSkew?: Duration
  /**
   * Tokens that several processes share: `redisTokens()` of `m2m-guard/redis`, or `sharedTokens()` with a store of yours. One
   * process requests a token for all of them. Tokens in the memory of this process come first. Requires `clientId`, except with
   * `authentication: 'none'` and at Clerk.
   *
   * @defaultValue none: every process requests its own tokens
   */
  readonly tokens?: Tokens
  /**
   * Called for every event of the source, such as a failed renewal. Exceptions and rejections are ignored. Without it, the
   * first failed renewal emits a process warning.
   */
  readonly onEvent?: TokenSourceObserver
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
  // Read first, because readers of URLs use it.
  insecureHosts,
  allowedOrigins: optional(allowedOrigins),
  renewAt: number({ min: 0.1, max: 0.9, default: 0.8 }),
  maxAge: restricting(optional(duration({ min: '5s' }))),
  margin: optional(described(duration({ max: '10m' }), { default: undefined })),
  renewal: oneOf(['background', 'blocking'], 'background'),
  deadline: duration({ min: '10ms', max: '60s', default: '3s' }),
  maxTokens: integer({ min: 1, max: 100_000, default: 1000 }),
  maxConcurrent: integer({ min: 1, max: 1000, default: 16 }),
  retryOn401,
  clockSkew: duration({ max: '30s', default: '0s' }),
  tokens: custom<Tokens | undefined>({ type: 'Tokens', isOptional: true }, (option, value) => {
    if (value === undefined || tokensInternalsOf(value) !== undefined) return value as Tokens | undefined
    throw new ConfigurationError(option, 'must be the result of redisTokens() or sharedTokens()')
  }),
  onEvent: optional(func<TokenSourceObserver>()),
  fetch: optional(func<typeof fetch>()),
  clock,
} satisfies TableOf<CommonTokenSourceOptions>
