import type { Histogram, Meter } from '@opentelemetry/api'
import type { Instrument } from '../../src/metrics/instruments.js'

/** Name of the default meter and of the default tracer. */
export const SCOPE = 'm2m-guard'

/** Creates a histogram with the buckets of the instrument. */
export function createHistogram(meter: Meter, instrument: Instrument): Histogram {
  const { name, unit, description, boundaries = [] } = instrument
  return meter.createHistogram(name, {
    unit,
    description,
    advice: { explicitBucketBoundaries: [...boundaries] },
  })
}
