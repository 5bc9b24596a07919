/** Metrics of a verifier for prom-client. @module m2m-guard/prometheus */
import type { MetricAttributes } from '../src/metrics/attributes.js'
import { attributesFor } from '../src/metrics/observable.js'
import { ATTRIBUTES, INSTRUMENTS, type Instrument } from '../src/metrics/instruments.js'
import { COLLECT_OPTIONS } from '../src/metrics/options.js'
import { labelName, metricName } from '../src/metrics/prometheus-names.js'
import { readBreakers, readCache, readKeyAges, type Reading } from '../src/metrics/readings.js'
import type { IssuerCallObserver } from '../src/model/issuer/issuer-calls.js'
import { ConfigurationError } from '../src/options/configuration-error.js'
import { readOptions } from '../src/options/read-options.js'
import type { TableOf } from '../src/options/reader.js'
import type { VerifierHealth } from '../src/verifier/readiness.js'
import type { Verifier } from '../src/verifier/verifier.js'

/** The classes of prom-client that {@link collect} uses. The module of prom-client 15 is assignable. */
export interface PromClient {
  /** Class of histograms. */
  readonly Histogram: PromClass<PromHistogram>
  /** Class of counters. */
  readonly Counter: PromClass<PromCounter>
  /** Class of gauges. */
  readonly Gauge: PromClass<PromGauge>
  /** Default registry. */
  readonly register: PromRegistry
}

/** Class of prom-client, which creates a metric and registers it. */
export type PromClass<M> = new (configuration: never) => M

/** Registry of prom-client. */
export interface PromRegistry {
  /** Returns a metric by its name, or `undefined`. */
  readonly getSingleMetric: (name: string) => unknown
  /** Removes a metric by its name. */
  readonly removeSingleMetric: (name: string) => void
}

/** Histogram of prom-client. */
export interface PromHistogram {
  /** Records a value. */
  readonly observe: (labels: Record<string, string>, value: number) => void
}

/** Counter of prom-client. */
export interface PromCounter {
  /** Increases the counter. */
  readonly inc: (labels: Record<string, string>, value?: number) => void
}

/** Gauge of prom-client. */
export interface PromGauge {
  /** Sets the gauge. */
  readonly set: (labels: Record<string, string>, value: number) => void
}

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
export function collect(verifier: Verifier, options: CollectOptions): () => void {
  const settings = readOptions('collect', options, COLLECT_OPTIONS satisfies TableOf<CollectOptions>)
  const attributes = attributesFor('collect', verifier, settings.clients)
  const client = settings.client as PromClient
  const registry = new Registry(client, (settings.register as PromRegistry | undefined) ?? client.register)
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
    label: string,
    read: (health: VerifierHealth) => readonly Reading[],
  ): void => {
    registry.gauge(instrument, label, () => read(verifier.health()))
  }
  gauge(INSTRUMENTS.keysAge, ATTRIBUTES.issuer, readKeyAges)
  gauge(INSTRUMENTS.remoteBreaker, ATTRIBUTES.issuer, readBreakers)
  gauge(INSTRUMENTS.cacheSize, ATTRIBUTES.cacheKind, (health) => readCache(health, 'tokens'))
  gauge(INSTRUMENTS.cacheMemory, ATTRIBUTES.cacheKind, (health) => readCache(health, 'bytes'))
}

/** Creates metrics in a registry of prom-client, and removes them again. */
class Registry {
  readonly #client: PromClient
  readonly #register: PromRegistry
  readonly #names: string[] = []

  /** @throws ConfigurationError if the registry already has one of the metrics. */
  constructor(client: PromClient, register: PromRegistry) {
    this.#client = client
    this.#register = register
    const names = Object.values(INSTRUMENTS).map((instrument) => metricName(instrument))
    const taken = names.find((name) => register.getSingleMetric(name) !== undefined)
    if (taken !== undefined)
      throw new ConfigurationError(
        'collect.register',
        `already has the metric ${taken}. Call the function that the first collect() returned, or pass another registry`,
      )
  }

  histogram(instrument: Instrument, attributes: readonly string[]): PromHistogram {
    const { boundaries: buckets } = instrument
    return new this.#client.Histogram({ ...this.#describe(instrument, attributes), buckets } as never)
  }

  counter(instrument: Instrument, attributes: readonly string[]): PromCounter {
    return new this.#client.Counter(this.#describe(instrument, attributes) as never)
  }

  /** Creates a gauge whose values are read whenever metrics are collected. */
  gauge(instrument: Instrument, attribute: string, read: () => readonly Reading[]): void {
    const collect = (): void => {
      for (const { attributes, value } of read()) created.set(labelsOf(attributes), value)
    }
    const created = new this.#client.Gauge({ ...this.#describe(instrument, [attribute]), collect } as never)
  }

  removeAll(): void {
    for (const name of this.#names.splice(0)) this.#register.removeSingleMetric(name)
  }

  #describe(instrument: Instrument, attributes: readonly string[]): object {
    const name = metricName(instrument)
    this.#names.push(name)
    const labelNames = attributes.map(labelName)
    return { name, help: instrument.description, labelNames, registers: [this.#register] }
  }
}

function labelsOf(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [name, value] of Object.entries(attributes)) labels[labelName(name)] = value
  return labels
}
