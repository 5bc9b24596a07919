import { describe, expect, it } from 'vitest'
import { ATTRIBUTES, INSTRUMENTS } from '../../../src/metrics/instruments.js'
import { metricName } from '../../../src/metrics/prometheus-names.js'
import { codeIn, readPaper, rowsOf, sectionOf } from './support.js'

const text = readPaper('docs/reference/metrics.md')

describe('docs/reference/metrics.md', () => {
  it('lists every metric of the code with its names and its unit', () => {
    const rows = rowsOf(sectionOf(text, 'All metrics'), 'Prometheus')
    const documented = rows.map((row) => [
      codeIn(row['OpenTelemetry']),
      codeIn(row['Prometheus']),
      row['unit'] === '' ? '' : codeIn(row['unit']),
    ])
    const declared = Object.values(INSTRUMENTS).map((one) => [one.name, metricName(one), one.unit])
    expect(documented).toEqual(declared)
  })

  it('lists every attribute of a metric', () => {
    const rows = rowsOf(sectionOf(text, 'Labels and attributes'), 'attribute')
    expect(rows.map((row) => codeIn(row['attribute']))).toEqual(Object.values(ATTRIBUTES))
  })
})
