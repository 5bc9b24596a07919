/** Health of a document that is fetched regularly: a key set or a discovery document. */
export interface DocumentHealth {
  /**
   * `ok`, `degraded` (fetches fail, but the last document is still usable), or `down` (there is no usable document).
   */
  readonly status: 'ok' | 'degraded' | 'down'
  /** Seconds since the last successful fetch; absent before the first one. */
  readonly age?: number
  /** Time of the last successful fetch, in seconds since the epoch. */
  readonly lastSuccess?: number
  /** Time of the last failed fetch, in seconds since the epoch. */
  readonly lastFailure?: number
  /** Message of the last failure; absent once a fetch succeeds. */
  readonly failure?: string
}
