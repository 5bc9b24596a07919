/** A metric, named by the rules of OpenTelemetry. */
export interface Instrument {
  readonly name: string
  /** Unit in UCUM notation; empty if the value has none. */
  readonly unit: string
  readonly description: string
  /** Upper bounds of the buckets of a histogram. */
  readonly boundaries?: readonly number[]
}

/**
 * All metrics. The buckets of decisions begin at a microsecond, because a decision about a cached token takes a few of
 * them, and the buckets that OpenTelemetry advises for HTTP servers begin at 5 ms.
 */
export const INSTRUMENTS = {
  decisionDuration: {
    name: 'm2m_guard.decision.duration',
    unit: 's',
    description: 'Duration of decisions about requests',
    boundaries: [1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1, 3],
  },
  remoteDuration: {
    name: 'm2m_guard.remote.duration',
    unit: 's',
    description: 'Duration of introspection calls to issuers',
    boundaries: [1e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5],
  },
  keysFetch: {
    name: 'm2m_guard.keys.fetch',
    unit: '{fetch}',
    description: 'Number of fetches of key sets',
  },
  keysAge: {
    name: 'm2m_guard.keys.age',
    unit: 's',
    description: 'Time since the last successful fetch of the keys',
  },
  remoteBreaker: {
    name: 'm2m_guard.remote.breaker',
    unit: '',
    description: 'State of the circuit breaker: 0 closed, 1 half-open, 2 open',
  },
  cacheSize: {
    name: 'm2m_guard.cache.size',
    unit: '{token}',
    description: 'Number of cached tokens',
  },
  cacheMemory: {
    name: 'm2m_guard.cache.memory',
    unit: 'By',
    description: 'Heap used by cached tokens',
  },
  revocationAge: {
    name: 'm2m_guard.revocation.age',
    unit: 's',
    description: 'Time since all revocations of the store were known',
  },
  revocationSize: {
    name: 'm2m_guard.revocation.size',
    unit: '{entry}',
    description: 'Number of revocations in memory',
  },
} as const satisfies Readonly<Record<string, Instrument>>

/** Names of the attributes. */
export const ATTRIBUTES = {
  outcome: 'm2m_guard.outcome',
  source: 'm2m_guard.source',
  mode: 'm2m_guard.mode',
  stage: 'm2m_guard.stage',
  issuer: 'm2m_guard.issuer',
  clientId: 'm2m_guard.client_id',
  cacheKind: 'm2m_guard.cache.kind',
  errorType: 'error.type',
} as const

/** Attributes that only spans have, because their number of values is not bounded. */
export const SPAN_ATTRIBUTES = {
  reason: 'm2m_guard.reason',
  fingerprint: 'm2m_guard.fingerprint',
} as const
