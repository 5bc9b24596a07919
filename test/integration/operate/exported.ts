import * as client from 'prom-client'
import { collect } from '../../../adapters/prometheus.js'
import { tokenSource } from '../../../src/client/index.js'
import { createVerifier, memoryRevocations, oauth } from '../../../src/index.js'
import { REFUSALS } from '../../../src/model/refusal/reasons.js'
import type { Query } from './promql.js'

/** A series that Prometheus reads from `collect()`. */
export interface Exported {
  readonly labels: readonly string[]
  readonly isCounter: boolean
}

/** Labels that Prometheus adds to every series. */
const SCRAPE_LABELS = ['job', 'instance']

/** All values that a label can have; absent for labels whose values depend on the application. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  m2m_guard_outcome: ['accepted', 'refused', 'undecidable'],
  m2m_guard_source: ['cache', 'local', 'remote', 'none'],
  m2m_guard_mode: ['enforce', 'report'],
  m2m_guard_stage: ['guard', 'route'],
  m2m_guard_cache_kind: ['accepted', 'refused'],
  m2m_guard_token_trigger: ['absent', 'due', 'refused', 'refresh'],
  error_type: Object.keys(REFUSALS),
}

/** The series that `collect()` really registers with prom-client. */
export async function exportedSeries(): Promise<ReadonlyMap<string, Exported>> {
  const register = new client.Registry()
  const options = { issuer: 'https://auth.example.com', audience: 'https://orders.internal' }
  collect(createVerifier({ issuers: [oauth(options)], revocations: memoryRevocations() }), {
    client,
    register,
  })
  const credentials = { tokenEndpoint: 'https://auth.example.com/token', clientId: 'x', clientSecret: 'y' }
  collect(tokenSource(credentials), { client, register })
  const series = new Map<string, Exported>()
  for (const { name, type } of await register.getMetricsAsJSON()) {
    const { labelNames } = register.getSingleMetric(name) as unknown as {
      readonly labelNames: readonly string[]
    }
    const labels = [...labelNames, ...SCRAPE_LABELS]
    if (String(type) === 'histogram') {
      series.set(`${name}_bucket`, { labels: [...labels, 'le'], isCounter: true })
      for (const suffix of ['sum', 'count']) series.set(`${name}_${suffix}`, { labels, isCounter: true })
    } else series.set(name, { labels, isCounter: String(type) === 'counter' })
  }
  return series
}

/** What of a query finds nothing in the exported series, or is applied to the wrong kind of series. */
export function problemsOf(
  { selectors, labels }: Query,
  series: ReadonlyMap<string, Exported>,
): readonly string[] {
  const known = new Set(selectors.flatMap(({ metric }) => series.get(metric)?.labels ?? []))
  return [
    ...selectors.flatMap(({ metric, matchers, isRate }) => {
      const found = series.get(metric)
      if (found === undefined) return [`${metric} is not exported`]
      const wrong = matchers.filter(
        ({ label, value }) => !found.labels.includes(label) || !isPossible(label, value),
      )
      return [
        ...wrong.map(({ label, operator, value }) => `${metric} has no ${label}${operator}${value}`),
        ...(isRate && !found.isCounter ? [`${metric}: rate is for counters only`] : []),
      ]
    }),
    ...labels.filter((label) => !known.has(label)).map((label) => `no series has the label ${label}`),
  ]
}

function isPossible(label: string, value: string): boolean {
  if (value === '' || value.startsWith('$')) return true
  return VALUES[label]?.includes(value) ?? true
}
