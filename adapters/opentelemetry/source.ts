import { metrics, type BatchObservableCallback, type Meter } from '@opentelemetry/api'
import type { TokenSource } from '../../src/client/source.js'
import { INSTRUMENT_SOURCE_OPTIONS } from '../../src/metrics/options.js'
import { TOKEN_ATTRIBUTES, TOKEN_INSTRUMENTS } from '../../src/metrics/token-instruments.js'
import { measureTokenEvent, readTokens, TOKEN_READINGS } from '../../src/metrics/token-readings.js'
import { readOptions } from '../../src/options/read-options.js'
import type { TableOf } from '../../src/options/reader.js'
import { createHistogram, SCOPE } from './histogram.js'

/** Options of `instrument` for a token source. */
export interface InstrumentSourceOptions {
  /**
   * Meter that creates the metrics.
   *
   * @defaultValue `metrics.getMeter('m2m-guard')`
   */
  readonly meter?: Meter
  /**
   * Name of the source in the attribute `m2m_guard.token.source`. Each source of a process needs another one.
   *
   * @defaultValue `'default'`
   */
  readonly name?: string
}

/** Records the token requests of a source, until the returned function is called. */
export function instrumentSource(source: TokenSource, options: InstrumentSourceOptions): () => void {
  const table = INSTRUMENT_SOURCE_OPTIONS satisfies TableOf<InstrumentSourceOptions>
  const { name, meter: given } = readOptions('instrument', options, table)
  const meter = (given as Meter | undefined) ?? metrics.getMeter(SCOPE)
  const duration = createHistogram(meter, TOKEN_INSTRUMENTS.requestDuration)
  const refusals = meter.createCounter(TOKEN_INSTRUMENTS.refusal.name, TOKEN_INSTRUMENTS.refusal)
  // A counter that starts with its first refusal has no increase at that time, so that an alert misses it.
  refusals.add(0, { [TOKEN_ATTRIBUTES.source]: name })
  const stopObserving = source.observe({
    onEvent: (event) => {
      const measured = measureTokenEvent(name, event)
      if (measured === undefined) return
      if (measured.seconds === undefined) refusals.add(1, measured.attributes)
      else duration.record(measured.seconds, measured.attributes)
    },
  })
  const stopReading = readHealth(meter, name, source)
  return () => {
    stopObserving()
    stopReading()
  }
}

/** Reads the health of the source whenever metrics are collected. Returns a function that ends it. */
function readHealth(meter: Meter, name: string, source: TokenSource): () => void {
  const created = TOKEN_READINGS.map(({ instrument, read }) => ({
    read,
    observable:
      instrument === TOKEN_INSTRUMENTS.count
        ? meter.createObservableUpDownCounter(instrument.name, instrument)
        : meter.createObservableGauge(instrument.name, instrument),
  }))
  const observables = created.map(({ observable }) => observable)
  const callback: BatchObservableCallback = (result) => {
    for (const { observable, read } of created) {
      for (const { value, attributes } of readTokens(name, source, read))
        result.observe(observable, value, attributes)
    }
  }
  meter.addBatchObservableCallback(callback, observables)
  return () => {
    meter.removeBatchObservableCallback(callback, observables)
  }
}
