import type { TokenSource } from '../../src/client/source.js'
import { COLLECT_SOURCE_OPTIONS } from '../../src/metrics/options.js'
import { TOKEN_ATTRIBUTES, TOKEN_INSTRUMENTS } from '../../src/metrics/token-instruments.js'
import { measureTokenEvent, readTokens, TOKEN_READINGS } from '../../src/metrics/token-readings.js'
import { ConfigurationError } from '../../src/options/configuration-error.js'
import { readOptions } from '../../src/options/read-options.js'
import type { TableOf } from '../../src/options/reader.js'
import type { PromClient, PromCounter, PromHistogram, PromRegistry } from './prom-client.js'
import { labelsOf, Registry } from './registry.js'

/** Options of `collect` for a token source. */
export interface CollectSourceOptions {
  /** The module of prom-client. This package imports none. */
  readonly client: PromClient
  /**
   * Registry of the metrics. Token sources may share one.
   *
   * @defaultValue the default registry of prom-client
   */
  readonly register?: PromRegistry
  /**
   * Name of the source in the label `m2m_guard_token_source`. Each source of a registry needs another one.
   *
   * @defaultValue `'default'`
   */
  readonly name?: string
}

/** Registers the metrics of a token source, until the returned function is called. */
export function collectSource(source: TokenSource, options: CollectSourceOptions): () => void {
  const table = COLLECT_SOURCE_OPTIONS satisfies TableOf<CollectSourceOptions>
  const { name, ...settings } = readOptions('collect', options, table)
  const client = settings.client as PromClient
  const register = (settings.register as PromRegistry | undefined) ?? client.register
  const metrics = METRICS.get(register) ?? new SourceMetrics(client, register)
  METRICS.set(register, metrics)
  return metrics.add(name, source)
}

/** The metrics of each registry, which its token sources share. */
const METRICS = new WeakMap<PromRegistry, SourceMetrics>()

/** The metrics of all token sources of one registry. */
class SourceMetrics {
  readonly #register: PromRegistry
  readonly #registry: Registry
  readonly #duration: PromHistogram
  readonly #refusals: PromCounter
  readonly #sources = new Map<string, TokenSource>()

  constructor(client: PromClient, register: PromRegistry) {
    const { source, trigger, state, errorType } = TOKEN_ATTRIBUTES
    this.#register = register
    this.#registry = new Registry(client, register, TOKEN_INSTRUMENTS)
    this.#duration = this.#registry.histogram(TOKEN_INSTRUMENTS.requestDuration, [source, trigger, errorType])
    this.#refusals = this.#registry.counter(TOKEN_INSTRUMENTS.refusal, [source])
    for (const { instrument, read } of TOKEN_READINGS) {
      const labels = instrument === TOKEN_INSTRUMENTS.count ? [source, state] : [source]
      this.#registry.gauge(instrument, labels, () =>
        [...this.#sources].flatMap(([name, observed]) => readTokens(name, observed, read)),
      )
    }
  }

  /** Adds a source. Returns a function that removes it, and the metrics with the last one. */
  add(name: string, source: TokenSource): () => void {
    if (this.#sources.has(name))
      throw new ConfigurationError(
        'collect.name',
        `already belongs to a token source of this registry: '${name}'. Give each source another name`,
      )
    this.#sources.set(name, source)
    // A counter that starts with its first refusal has no increase at that time, so that an alert misses it.
    this.#refusals.inc(labelsOf({ [TOKEN_ATTRIBUTES.source]: name }), 0)
    const stopObserving = source.observe({
      onEvent: (event) => {
        const measured = measureTokenEvent(name, event)
        if (measured === undefined) return
        const labels = labelsOf(measured.attributes)
        if (measured.seconds === undefined) this.#refusals.inc(labels)
        else this.#duration.observe(labels, measured.seconds)
      },
    })
    return () => {
      stopObserving()
      if (this.#sources.get(name) !== source) return
      this.#sources.delete(name)
      if (this.#sources.size > 0) return
      METRICS.delete(this.#register)
      this.#registry.removeAll()
    }
  }
}
