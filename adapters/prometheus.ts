/** Metrics of a verifier and of token sources for prom-client. @module m2m-guard/prometheus */
import type { MetricAttributes } from '../src/metrics/attributes.js'
import { attributesFor } from '../src/metrics/observable.js'
import type { TokenSource } from '../src/client/source.js'
import { ATTRIBUTES, INSTRUMENTS, type Instrument } from '../src/metrics/instruments.js'
import { COLLECT_OPTIONS } from '../src/metrics/options.js'
import { isTokenSource } from '../src/metrics/token-readings.js'
import {
  readBreakers,
  readCache,
  readKeyAges,
  readRevocationAge,
  readRevocationSize,
  type Reading,
} from '../src/metrics/readings.js'
import type { IssuerCallObserver } from '../src/model/issuer/issuer-calls.js'
import { readOptions } from '../src/options/read-options.js'
import type { TableOf } from '../src/options/reader.js'
import type { VerifierHealth } from '../src/verifier/readiness.js'
import type { Verifier } from '../src/verifier/verifier.js'
import type { PromClient, PromRegistry } from './prometheus/prom-client.js'
import { labelsOf, Registry } from './prometheus/registry.js'
import { collectSource, type CollectSourceOptions } from './prometheus/source.js'

export type * from './prometheus/prom-client.js'
export type { CollectSourceOptions } from './prometheus/source.js'

/** Options of {@link collect}. */
export interface CollectOptions {
  /** The module of prom-client. This package imports none. */
  readonly client: PromClient
  /**
   * Registry of the metrics.
   *
   * @defaultValue the default registry of prom-client
   */
  readonly register?: PromRegistry
  /**
   * Client ids that metrics may have in the label `m2m_guard_client_id`, at least one; others appear as `_OTHER`. Each
   * multiplies the number of time series.
   *
   * @defaultValue none: metrics have no client ids
   */
  readonly clients?: readonly string[]
}

/**
 * Registers the metrics of a verifier with prom-client, until the returned function is called.
 *
 * Metrics: `m2m_guard_decision_duration_seconds`, `m2m_guard_remote_duration_seconds`, `m2m_guard_keys_fetch_total`,
 * `m2m_guard_keys_age_seconds`, `m2m_guard_remote_breaker`, `m2m_guard_cache_size` and `m2m_guard_cache_memory_bytes`. Names and
 * labels equal those that OpenTelemetry exports to Prometheus for `instrument()`, so that dashboards and alerts fit both.
 *
 * @returns a function that removes the metrics from the registry. It may be called repeatedly.
 * @throws ConfigurationError for an invalid option, if `verifier` is not a verifier, or if the registry already has the
 *   metrics of another verifier.
 *
 * @example
 * ```ts
 * const stop = collect(verifier, { client })
 * app.get('/metrics', async (req, res) => {
 *   res.type(client.register.contentType).send(await client.register.metrics())
 * })
 * ```
 */
export function collect(verifier: Verifier, options: CollectOptions): () => void
/**
 * Registers the metrics of a token source with prom-client, until the returned function is called.
 *
 * Metrics: `m2m_guard_token_request_duration_seconds`, `m2m_guard_token_refusal_total`, `m2m_guard_token_expiry_seconds`,
 * `m2m_guard_token_age_seconds`, `m2m_guard_token_health` and `m2m_guard_token_count`. Token sources may share a registry, also with a
 * verifier, if each has another `name`.
 *
 * @returns a function that removes the source, and the metrics with the last source of the registry. It may be called repeatedly.
 * @throws ConfigurationError for an invalid option, or a name that another source of the registry has.
 */
export function collect(source: TokenSource, options: CollectSourceOptions): () => void
export function collect(
  target: Verifier | TokenSource,
  options: CollectOptions & CollectSourceOptions,
): () => void {
  return isTokenSource(target) ? collectSource(target, options) : collectVerifier(target, options)
}

function collectVerifier(verifier: Verifier, options: CollectOptions): () => void {
  const settings = readOptions('collect', options, COLLECT_OPTIONS satisfies TableOf<CollectOptions>)
  const attributes = attributesFor('collect', verifier, settings.clients)
  const client = settings.client as PromClient
  const registry = new Registry(
    client,
    (settings.register as PromRegistry | undefined) ?? client.register,
    INSTRUMENTS,
  )
  const clientLabels = settings.clients === undefined ? [] : [ATTRIBUTES.clientId]
  const { outcome, source, mode, stage, issuer, errorType } = ATTRIBUTES
  const duration = registry.histogram(INSTRUMENTS.decisionDuration, [
    ...[outcome, source, mode, stage, issuer, errorType],
    ...clientLabels,
  ])
  registerGauges(registry, verifier)
  const stopObserving = verifier.observe({
    onDecision: (event) => {
      duration.observe(labelsOf(attributes.ofDecision(event)), event.durationMs / 1000)
    },
    onIssuerCall: watchCalls(registry, attributes),
  })
  return () => {
    stopObserving()
    registry.removeAll()
  }
}

function watchCalls(registry: Registry, attributes: MetricAttributes): IssuerCallObserver {
  const labels = [ATTRIBUTES.issuer, ATTRIBUTES.errorType]
  const remoteDuration = registry.histogram(INSTRUMENTS.remoteDuration, labels)
  const keysFetch = registry.counter(INSTRUMENTS.keysFetch, labels)
  return (call) => ({
    end: (result) => {
      const measured = labelsOf(attributes.ofCall(call, result))
      if (call.kind === 'keys') keysFetch.inc(measured)
      else if (call.kind !== 'discovery') remoteDuration.observe(measured, result.durationMs / 1000)
    },
  })
}

function registerGauges(registry: Registry, verifier: Verifier): void {
  const gauge = (
    instrument: Instrument,
    label: string | undefined,
    read: (health: VerifierHealth) => readonly Reading[],
  ): void => {
    registry.gauge(instrument, label === undefined ? [] : [label], () => read(verifier.health()))
  }
  gauge(INSTRUMENTS.keysAge, ATTRIBUTES.issuer, readKeyAges)
  gauge(INSTRUMENTS.remoteBreaker, ATTRIBUTES.issuer, readBreakers)
  gauge(INSTRUMENTS.cacheSize, ATTRIBUTES.cacheKind, (health) => readCache(health, 'tokens'))
  gauge(INSTRUMENTS.cacheMemory, ATTRIBUTES.cacheKind, (health) => readCache(health, 'bytes'))
  if (verifier.revocations === undefined) return
  gauge(INSTRUMENTS.revocationAge, undefined, readRevocationAge)
  gauge(INSTRUMENTS.revocationSize, undefined, readRevocationSize)
}
