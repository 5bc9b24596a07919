import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../package/support/yaml.js'
import { readPaper } from '../docs/programs/support.js'
import { exportedSeries, problemsOf } from './exported.js'
import { parseQuery } from './promql.js'

interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

const FILE = 'docs/operate/prometheus-alerts.yml'
const { groups } = parseYaml(readPaper(FILE)) as unknown as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)
const alerts = rules.filter(({ alert }) => alert !== undefined)
const series = new Map(await exportedSeries())
for (const { record, expr } of rules) {
  // A recorded series has the labels of its query.
  if (record !== undefined) series.set(record, { labels: [...parseQuery(expr).labels], isCounter: false })
}
const named = rules.map((rule) => [rule.alert ?? rule.record ?? '', rule] as const)

describe(FILE, () => {
  it('has eight alerts with distinct names', () => {
    expect(alerts).toHaveLength(8)
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(8)
  })

  it.each(named)(
    '%s: its query is PromQL over series, labels and values that collect() exports',
    (_, { expr }) => {
      const query = parseQuery(expr)
      expect(query.selectors.length).toBeGreaterThan(0)
      expect(problemsOf(query, series)).toEqual([])
    },
  )

  it.each(alerts.map((rule) => [rule.alert!, rule] as const))(
    '%s: has a severity, a summary and a section in alerts.md',
    (alert, { for: duration, labels, annotations = {} }) => {
      expect(['warning', 'critical']).toContain(labels?.['severity'])
      expect(duration ?? '0m').toMatch(/^\d+m$/)
      expect(Object.keys(annotations).sort()).toEqual(['description', 'runbook', 'summary'])
      expect(annotations['runbook']).toBe(`docs/operate/alerts.md#${alert.toLowerCase()}`)
      expect(readPaper('docs/operate/alerts.md').split('\n')).toContain(`## ${alert}`)
    },
  )

  it.each(alerts.map((rule) => [rule.alert!, rule] as const))(
    '%s: its summary uses labels that its query keeps',
    (_, { expr, annotations }) => {
      const used = [...(annotations?.['summary'] ?? '').matchAll(/\$labels\.(\w+)/g)].map(
        ([, label]) => label!,
      )
      const recorded = parseQuery(expr).selectors.flatMap(({ metric }) => series.get(metric)?.labels ?? [])
      const kept = [...parseQuery(expr).labels, ...(expr.includes(':') ? recorded : [])]
      expect(used.filter((label) => !kept.includes(label))).toEqual([])
    },
  )
})

describe('the check itself', () => {
  it.each([
    ['rate(m2m_guard_decisions_total[5m])', 'm2m_guard_decisions_total is not exported'],
    ['m2m_guard_remote_breaker{outcome="open"}', 'm2m_guard_remote_breaker has no outcome=open'],
    [
      'rate(m2m_guard_keys_fetch_total{error_type="timeout"}[5m])',
      'm2m_guard_keys_fetch_total has no error_type=timeout',
    ],
    ['rate(m2m_guard_keys_age_seconds[5m])', 'm2m_guard_keys_age_seconds: rate is for counters only'],
    ['sum by (issuer) (m2m_guard_remote_breaker)', 'no series has the label issuer'],
  ])('finds what is wrong in %s', (query, problem) => {
    expect(problemsOf(parseQuery(query), series)).toEqual([problem])
  })

  it('finds a query that is not PromQL', () => {
    expect(() => parseQuery('sum by (job) rate(m2m_guard_keys_fetch_total[5m]')).toThrow('not PromQL')
  })
})
