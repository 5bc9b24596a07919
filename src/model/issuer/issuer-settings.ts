/** Settings for fetching keys and discovery documents: the `keys` option with durations in seconds, same bounds. */
export interface KeySettings {
  /**
   * Seconds that fetched keys are used before they are fetched again. A shorter `Cache-Control: max-age` wins, down to 60.
   *
   * @defaultValue 600
   */
  readonly lifetime: number
  /**
   * Seconds after the last successful fetch during which keys stay usable while fetches fail.
   *
   * @defaultValue 3600
   */
  readonly stale: number
  /**
   * Seconds of backoff after the first failed fetch. Doubles with each further failure, up to `longestPause`.
   *
   * @defaultValue 1
   */
  readonly pause: number
  /**
   * Maximum seconds of backoff between failed fetches.
   *
   * @defaultValue 60
   */
  readonly longestPause: number
  /**
   * Minimum seconds between two fetches that are triggered by unknown key ids.
   *
   * @defaultValue 10
   */
  readonly unknownKeyPause: number
  /**
   * Maximum seconds of one HTTP exchange, from connection to last byte.
   *
   * @defaultValue 3
   */
  readonly deadline: number
  /**
   * Maximum size of a response body, in bytes.
   *
   * @defaultValue 262144
   */
  readonly maxBytes: number
  /**
   * Maximum number of keys used from a key set. Further keys are ignored.
   *
   * @defaultValue 100
   */
  readonly maxKeys: number
}

/** Settings for calls to an issuer: the `remote` option with durations in seconds, same bounds. */
export interface RemoteSettings {
  /**
   * Seconds that an active result is cached.
   *
   * @defaultValue 30
   */
  readonly lifetime: number
  /**
   * Seconds that an inactive result is cached.
   *
   * @defaultValue 5
   */
  readonly refusedLifetime: number
  /**
   * Maximum seconds of one call, including its retry.
   *
   * @defaultValue 3
   */
  readonly deadline: number
  /**
   * Maximum size of a response body, in bytes.
   *
   * @defaultValue 16384
   */
  readonly maxBytes: number
  /**
   * Number of retries after a network error or a 502, 503 or 504: 0 or 1.
   *
   * @defaultValue 1
   */
  readonly retries: number
  /**
   * Maximum number of calls in flight. Further calls fail immediately with `issuer_overloaded`.
   *
   * @defaultValue 64
   */
  readonly maxInFlight: number
  /**
   * Number of consecutive failures that open the circuit.
   *
   * @defaultValue 5
   */
  readonly breakerAfter: number
  /**
   * Seconds that the circuit stays open before a single probe call.
   *
   * @defaultValue 5
   */
  readonly breakerPause: number
}

/**
 * Returns the headers of a request, such as `authorization`. Called for every fetch, so that a token that rotates is read
 * again. If it throws, rejects, or returns an invalid header, the fetch fails.
 */
export type RequestHeaders = () =>
  | Readonly<Record<string, string>>
  | Promise<Readonly<Record<string, string>>>
