import type { Instrument } from '../../src/metrics/instruments.js'
import { labelName, metricName } from '../../src/metrics/prometheus-names.js'
import type { Reading } from '../../src/metrics/readings.js'
import { ConfigurationError } from '../../src/options/configuration-error.js'
import type { PromClient, PromCounter, PromHistogram, PromRegistry } from './prom-client.js'

/** Creates metrics in a registry of prom-client, and removes them again. */
export class Registry {
  readonly #client: PromClient
  readonly #register: PromRegistry
  readonly #names: string[] = []

  /** @throws ConfigurationError if the registry already has one of the metrics. */
  constructor(client: PromClient, register: PromRegistry, instruments: Readonly<Record<string, Instrument>>) {
    this.#client = client
    this.#register = register
    const names = Object.values(instruments).map((instrument) => metricName(instrument))
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
  gauge(instrument: Instrument, labels: readonly string[], read: () => readonly Reading[]): void {
    const collect = (): void => {
      // A value of an earlier collection may have ended, such as the expiry of a token that is gone.
      created.reset()
      for (const { attributes, value } of read()) created.set(labelsOf(attributes), value)
    }
    const created = new this.#client.Gauge({ ...this.#describe(instrument, labels), collect } as never)
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

/** Returns attributes as labels of Prometheus. */
export function labelsOf(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [name, value] of Object.entries(attributes)) labels[labelName(name)] = value
  return labels
}
