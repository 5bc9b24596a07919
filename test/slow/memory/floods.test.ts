import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { bundleProgram } from '../../support/processes/bundle.js'
import type { FloodReport } from './flood.js'

const run = promisify(execFile)
const MEGABYTE = 1024 * 1024
/**
 * How many bytes the second half of a flood may add for each of its requests: less than an entry of anything needs, so
 * that the size of the flood decides nothing. The caches are full long before.
 */
const MOST_GROWTH = 25
/** `npm run test:slow` sends ten times as many requests. */
const SCALE = process.env['M2M_GUARD_SLOW'] === undefined ? 1 : 10

const program = bundleProgram(new URL('flood.ts', import.meta.url))

async function flood(kind: string, count: number): Promise<FloodReport> {
  const { stdout } = await run(process.execPath, ['--expose-gc', program, kind, String(count)])
  return JSON.parse(stdout) as FloodReport
}

function growthPerRequest({ heapAtEnd, heapHalfway }: FloodReport, count: number): number {
  return (heapAtEnd - heapHalfway) / (count / 2)
}

interface Case {
  readonly promise: string
  readonly kind: string
  readonly count: number
  readonly reason: string
  /** The most questions and fetches the flood may cause: one each, or as many however long it is. */
  readonly calls: number
}

const JUNK: readonly Case[] = [
  {
    promise: 'made-up opaque tokens while the issuer is down',
    kind: 'opaque-while-down',
    count: 100_000,
    reason: 'issuer_unavailable',
    // What it takes to open the breaker, and the probe that confirms it.
    calls: 6,
  },
  {
    promise: 'made-up key ids',
    kind: 'made-up-kids',
    count: 100_000,
    reason: 'key_unknown',
    calls: 1,
  },
  {
    promise: 'opaque tokens that the issuer denies',
    kind: 'opaque-denied',
    count: 30_000,
    reason: 'token_inactive',
    calls: 30_000,
  },
  {
    promise: 'JWTs of made-up issuers',
    kind: 'made-up-issuers',
    count: 100_000,
    reason: 'issuer_unknown',
    calls: 0,
  },
  {
    promise: 'JWTs of distinct texts with a bad signature',
    kind: 'bad-signatures',
    count: 30_000,
    reason: 'signature_invalid',
    calls: 0,
  },
  {
    promise: 'policies made anew for every request',
    kind: 'distinct-policies',
    count: 100_000,
    reason: 'scope_insufficient',
    calls: 0,
  },
  { promise: 'tokens nobody knows, forgotten', kind: 'forgotten', count: 100_000, reason: 'none', calls: 0 },
]

describe.concurrent('a flood does not grow the heap and evicts no valid token', () => {
  test.each(JUNK)('$promise', { timeout: 3_600_000 }, async ({ kind, reason, calls, ...junk }) => {
    const count = junk.count * SCALE
    const report = await flood(kind, count)
    expect(report.reasons).toEqual({ [reason]: count })
    expect(growthPerRequest(report, count)).toBeLessThan(MOST_GROWTH)
    expect(report.heapAtEnd).toBeLessThan(40 * MEGABYTE)
    expect(report.calls).toBeLessThanOrEqual(calls < junk.count ? calls : count)
    expect(report.honest).toBe(100)
  })
})

test(
  'valid tokens beyond the bound of the cache evict older ones and use no further memory',
  {
    timeout: 3_600_000,
  },
  async () => {
    const count = 60_000 * SCALE
    const report = await flood('opaque-vouched-for', count)
    expect(report.reasons).toEqual({ none: count })
    expect(growthPerRequest(report, count)).toBeLessThan(MOST_GROWTH)
  },
)
