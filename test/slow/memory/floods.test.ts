import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { FloodReport } from './flood.js'

const run = promisify(execFile)
const MEGABYTE = 1024 * 1024
/** What the second half of a flood may add: less than 100,000 entries of anything would, noise included. */
const MOST_GROWTH = 2 * MEGABYTE

async function flood(kind: string, count: number): Promise<FloodReport> {
  const script = fileURLToPath(new URL('flood.ts', import.meta.url))
  const { stdout } = await run(process.execPath, [
    '--expose-gc',
    '--import',
    'tsx',
    script,
    kind,
    String(count),
  ])
  return JSON.parse(stdout) as FloodReport
}

interface Case {
  readonly promise: string
  readonly kind: string
  readonly count: number
  readonly reason: string
  /** The most questions and fetches the flood may cause. */
  readonly calls: number
}

const MILLION = 1_000_000

const JUNK: readonly Case[] = [
  {
    promise: 'a million opaque tokens while the issuer is down',
    kind: 'opaque-while-down',
    count: MILLION,
    reason: 'issuer_unavailable',
    // What it takes to open the breaker.
    calls: 5,
  },
  {
    promise: 'a million made-up key ids',
    kind: 'made-up-kids',
    count: MILLION,
    reason: 'key_unknown',
    calls: 1,
  },
  {
    promise: 'opaque tokens that the issuer denies',
    kind: 'opaque-denied',
    count: 100_000,
    reason: 'token_inactive',
    calls: 100_000,
  },
  {
    promise: 'JWTs of made-up issuers',
    kind: 'made-up-issuers',
    count: 200_000,
    reason: 'issuer_unknown',
    calls: 0,
  },
  {
    promise: 'JWTs of distinct texts with a bad signature',
    kind: 'bad-signatures',
    count: 60_000,
    reason: 'signature_invalid',
    calls: 0,
  },
  {
    promise: 'policies made anew for every request',
    kind: 'distinct-policies',
    count: 200_000,
    reason: 'scope_insufficient',
    calls: 0,
  },
  { promise: 'tokens nobody knows, forgotten', kind: 'forgotten', count: 200_000, reason: 'none', calls: 0 },
]

describe.concurrent('a flood leaves the heap flat and every honest token remembered', () => {
  test.each(JUNK)('$promise', { timeout: 300_000 }, async ({ kind, count, reason, calls }) => {
    const report = await flood(kind, count)
    expect(report.reasons).toEqual({ [reason]: count })
    expect(report.heapAtEnd - report.heapHalfway).toBeLessThan(MOST_GROWTH)
    expect(report.heapAtEnd).toBeLessThan(40 * MEGABYTE)
    expect(report.calls).toBeLessThanOrEqual(calls)
    expect(report.honest).toBe(100)
  })
})

test(
  'good tokens beyond the bound of the cache push out older ones and take no further room',
  {
    timeout: 300_000,
  },
  async () => {
    const report = await flood('opaque-vouched-for', 60_000)
    expect(report.reasons).toEqual({ none: 60_000 })
    expect(report.heapAtEnd - report.heapHalfway).toBeLessThan(MOST_GROWTH)
  },
)
