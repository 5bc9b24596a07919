import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KEY_DEFAULTS } from '../../src/keys/options.js'
import { REFRESH_AT as KEYS_REFRESH_AT, SHORTEST_LIFETIME } from '../../src/keys/refreshing-document.js'
import { MAX_RETRY_AFTER } from '../../src/introspection/circuit-breaker.js'
import { REMOTE_DEFAULTS } from '../../src/introspection/options.js'
import { MIN_USES_TO_REFRESH, REFRESH_AT } from '../../src/verifier/freshness.js'
import { rowsOf } from '../integration/docs/programs/support.js'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/guide/outages.md')
/** Rows of the report that `npm run faults` writes. */
const faults = rowsOf(read('bench/results/faults.md'), 'Fault')

/** The rows of the tables with two columns: defaults and fixed limits. */
const rows = new Map(
  page
    .split('\n')
    .map((line) => /^\| (.+?) +\| (.+?) +\|$/.exec(line))
    .filter((row) => row !== null)
    .map(([, name, value]) => [name!, value!]),
)

const byCode = { keys: KEY_DEFAULTS, remote: REMOTE_DEFAULTS }
const COUNTS = ['maxBytes', 'maxKeys', 'retries', 'maxInFlight', 'breakerAfter']

describe('docs/guide/outages.md', () => {
  it.each(
    Object.entries(byCode).flatMap(([group, options]) =>
      Object.entries(options).map(([name, value]) => [group, name, value as number] as const),
    ),
  )('names the default of %s.%s', (group, name, value) => {
    const unit = COUNTS.includes(name) ? '' : ' s'
    expect(rows.get(`\`${group}.${name}\``)).toBe(`${value}${unit}`)
  })

  it.each([
    ['background refresh of keys', `${KEYS_REFRESH_AT * 100} % of their lifetime`],
    ['minimum lifetime by `Cache-Control`', `${SHORTEST_LIFETIME} s`],
    ['background refresh of introspection results', `${REFRESH_AT * 100} % of their lifetime`],
    ['requests after which a token is in use', `${MIN_USES_TO_REFRESH}`],
    ['maximum `Retry-After` of an issuer that is observed', `${MAX_RETRY_AFTER} s`],
  ])('%s: %s', (name, value) => {
    expect(rows.get(name)).toBe(value)
  })

  it('describes the course of an outage with the same numbers', () => {
    const { keys, remote } = byCode
    for (const sentence of [
      `the lifetime of ${keys.lifetime / 60} minutes`,
      `then every ${keys.longestPause} s`,
      `${keys.stale / 3600}:00 after the last success`,
      `at most one fetch in ${keys.unknownKeyPause} s`,
      `Active results are cached for ${remote.lifetime} s, inactive ones for ${remote.refusedLifetime} s`,
      `all within ${remote.deadline} s`,
      `no call for ${remote.breakerPause} s`,
      `at most ${remote.maxInFlight} calls`,
      `${remote.maxBytes / 1024} KiB`,
      `${MAX_RETRY_AFTER} s at most`,
      `${MIN_USES_TO_REFRESH} requests or more`,
    ]) {
      expect(page).toContain(sentence)
    }
  })

  it('shows statuses and recoveries as recorded for every package', () => {
    const shown = rowsOf(page, 'Fault')
    expect(shown.length).toBeGreaterThan(5)
    for (const { Fault, Phase, ...packages } of shown) {
      const recorded = faults.filter((row) => row['Fault'] === Fault && row['Phase'] === Phase)
      const cells = recorded.map((row) => [row['Package'], `${row['Answer']}, ${row['Recovery']}`])
      expect({ Fault, Phase, ...Object.fromEntries(cells) }).toEqual({ Fault, Phase, ...packages })
    }
  })

  it('states the number of faults', () => {
    const phases = new Set(faults.map((row) => `${row['Fault']} ${row['Phase']}`))
    const remote = [...phases].filter((phase) => phase.startsWith('introspection'))
    expect(page).toContain(`${phases.size - remote.length} faults of the keys`)
    expect(page).toContain(`${remote.length} faults of introspection`)
  })
})

describe('bench/results/faults.md', () => {
  it('has no row in which m2m-guard refuses a token because of an outage', () => {
    const guardRows = faults.filter((row) => row['Package'] === 'm2m-guard')
    expect(guardRows.length).toBeGreaterThan(30)
    for (const { Fault: fault = '', Answer: answer = '' } of guardRows) {
      const refuses = ['empty set', 'withdrawn key, after a token of the new one'].includes(fault)
      expect([fault, answer]).toEqual([
        fault,
        refuses ? expect.stringMatching(/^(200|401)$/) : expect.stringMatching(/^(200|503)$/),
      ])
    }
  })
})
