import type { Instrument } from './instruments.js'

/** What OpenTelemetry appends to the name of a metric when it is exported to Prometheus, by the unit. */
const SUFFIXES: Readonly<Record<string, string>> = {
  s: '_seconds',
  By: '_bytes',
  '{fetch}': '_total',
  '{refusal}': '_total',
}

/** Returns the name of a metric in Prometheus. */
export function metricName({ name, unit }: Instrument): string {
  return labelName(name) + (SUFFIXES[unit] ?? '')
}

/** Returns the name of an attribute as a label of Prometheus. */
export function labelName(attribute: string): string {
  return attribute.replaceAll('.', '_')
}
