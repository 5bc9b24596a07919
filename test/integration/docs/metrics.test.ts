import { describe, expect, it } from 'vitest'
import { ATTRIBUTES, INSTRUMENTS, type Instrument } from '../../../src/metrics/instruments.js'
import { TOKEN_ATTRIBUTES, TOKEN_INSTRUMENTS } from '../../../src/metrics/token-instruments.js'
import { metricName } from '../../../src/metrics/prometheus-names.js'
import { codeIn, readPaper, rowsOf, sectionOf } from './programs/support.js'

const text = readPaper('docs/reference/metrics.md')

describe('docs/reference/metrics.md', () => {
  it.each([
    ['All metrics', INSTRUMENTS],
    ['Token sources', TOKEN_INSTRUMENTS],
  ])('%s: lists every metric of the code with its names and its unit', (section, instruments) => {
    const rows = rowsOf(sectionOf(text, section), 'Prometheus')
    const documented = rows.map((row) => [
      codeIn(row['OpenTelemetry']),
      codeIn(row['Prometheus']),
      row['unit'] === '' ? '' : codeIn(row['unit']),
    ])
    const declared = Object.values<Instrument>(instruments).map((one) => [
      one.name,
      metricName(one),
      one.unit,
    ])
    expect(documented).toEqual(declared)
  })

  it.each([
    ['Labels and attributes', ATTRIBUTES],
    ['Token sources', TOKEN_ATTRIBUTES],
  ])('%s: lists every attribute of a metric', (section, attributes) => {
    const rows = rowsOf(sectionOf(text, section), 'attribute')
    expect(rows.map((row) => codeIn(row['attribute']))).toEqual(Object.values(attributes))
  })
})
