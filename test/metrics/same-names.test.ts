import * as client from 'prom-client'
import { expect, it } from 'vitest'
import { instrument } from '../../adapters/opentelemetry.js'
import { collect } from '../../adapters/prometheus.js'
import { clientBed } from '../support/client.js'
import { startSdk } from '../adapters/telemetry/sdk.js'

/** The name that the Prometheus exporter of OpenTelemetry gives to a metric, and that of an attribute. */
const SUFFIX: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' }
const exportedName = (name: string, unit: string): string => name.replaceAll('.', '_') + (SUFFIX[unit] ?? '')

it('collect() and the Prometheus exporter of OpenTelemetry give the same names, labels and values', async () => {
  const { meter, metrics } = startSdk()
  const register = new client.Registry()
  const { verifier, outcome, jwt, opaque, issuer, source } = await clientBed()
  instrument(verifier, { meter })
  collect(verifier, { client, register })
  const tokens = source()
  instrument(tokens, { meter, name: 'orders' })
  collect(tokens, { client, register, name: 'orders' })
  tokens.forget(await tokens.getToken())
  await tokens.getToken()
  for (const token of [jwt(), opaque(), 'unknown']) await outcome(token)
  issuer.fail('introspection', 401)
  await outcome(opaque())

  const measured = [...(await metrics()).values()].flatMap(({ name, unit, points }) =>
    points.map(({ attributes, value }) => {
      const counter = unit === '{fetch}' || unit === '{refusal}' ? '_total' : ''
      const labels = Object.entries(attributes).map(([key, label]) => [key.replaceAll('.', '_'), label])
      const count = typeof value === 'object' ? (value as { readonly count: number }).count : value
      return { name: exportedName(name, unit) + counter, labels: Object.fromEntries(labels) as object, count }
    }),
  )
  const collected = (await register.getMetricsAsJSON()).flatMap(({ name, type, values }) =>
    (values as readonly { value: number; labels: object; metricName?: string }[])
      .filter(({ metricName }) => String(type) !== 'histogram' || metricName === `${name}_count`)
      .map(({ labels, value }) => ({ name, labels, count: value })),
  )
  const sorted = (list: readonly object[]) => [...list].map((one) => JSON.stringify(sortKeys(one))).sort()
  expect(sorted(collected)).toEqual(sorted(measured))
  expect(new Set(collected.map(({ name }) => name)).size).toBe(7 + 6)
})

function sortKeys(value: object): object {
  const entries = Object.entries(value).map(([key, member]: [string, unknown]): [string, unknown] => [
    key,
    typeof member === 'object' && member !== null ? sortKeys(member) : member,
  ])
  return Object.fromEntries(entries.sort(([one], [other]) => one.localeCompare(other)))
}
