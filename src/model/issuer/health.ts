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

/** State of the tenants of an issuer. */
export interface TenantsHealth {
  /** Number of tenants: those of the list, or those in memory that had a valid token if a function decides. */
  readonly known: number
  /** Number of known tenants whose status is not `ok`. */
  readonly failing: number
  /** Largest number of seconds since the last successful fetch of a known tenant's keys; absent before the first one. */
  readonly keyAge?: number
  /** The worst state of the circuit breakers of known tenants; absent if they have no introspection endpoint. */
  readonly breaker?: 'closed' | 'half-open' | 'open'
  /** Up to 10 of the failing tenants. */
  readonly failures: readonly TenantFailure[]
}

/** State of a failing tenant. */
export interface TenantFailure {
  /** The tenant's `iss`. */
  readonly name: string
  /** `degraded` or `down`, as for an issuer. */
  readonly status: 'ok' | 'degraded' | 'down'
  /** Message of the last failure. */
  readonly failure: string
}
