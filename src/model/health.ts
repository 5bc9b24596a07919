/** What is known of a document that is fetched again and again. Times in seconds since the epoch. */
export interface DocumentHealth {
  readonly status: 'ok' | 'degraded' | 'down'
  /** Seconds since the last success. */
  readonly age?: number
  readonly lastSuccess?: number
  readonly lastFailure?: number
  /** Why the last fetch failed, while it is the latest outcome. */
  readonly failure?: string
}
