import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { frameworks } from '../../bench/applications/frameworks.mjs'
import { race, type Rounds } from '../../bench/chain/race.js'
import { commitOf } from '../../bench/gate/build.js'
import { CASES, compareBuilds, compareTwice, contendersOf, summaryOf } from '../../bench/gate/gate.js'
import { startIssuer, times } from '../../bench/support/tokens.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BUILD = pathToFileURL(join(ROOT, 'dist/')).href

/** Rounds of the contenders of one process. Every guard of the second build adds the given amounts. */
function measured(more: Partial<Record<keyof Rounds, number>>, cases = CASES): readonly Rounds[] {
  return contendersOf('base', 'tree', cases).map(({ build }, index) => {
    const [nanos, bytes] = index === 0 ? [15_000, 9000] : [16_000, 9800]
    const added = build === 'tree' ? more : {}
    return { nanos: [nanos + (added.nanos ?? 0)], bytes: [bytes + (added.bytes ?? 0)] }
  })
}

const worseIn = (...processes: readonly (readonly Rounds[])[]) => [
  ...new Set(compareBuilds('Koa', processes).map(({ worse }) => worse.join(', '))),
]

describe('npm run bench -- --gate', () => {
  it.each(Object.keys(frameworks))('measures every guard of both builds in %s', async (framework) => {
    const { issuance, mint, close } = await startIssuer('RS256')
    onTestFinished(close)
    const contenders = contendersOf(BUILD, BUILD)
    const tokens = times(2, mint)
    const lengths = { warmUp: 1, turns: 3, milliseconds: 0, short: 2 }
    const rounds = await race({ framework, contenders, issuance, tokens, ...lengths })
    expect(rounds.map(({ nanos, bytes }) => [nanos.length, bytes.length])).toEqual(
      contenders.map(() => [3, 3]),
    )
    expect(compareBuilds(framework, [rounds])).toHaveLength(4)
  })

  it('accepts identical builds', () => {
    expect(worseIn(measured({}), measured({}), measured({}))).toEqual([''])
  })

  it.each([
    ['bytes', { bytes: 100 }],
    ['nanos, ratio', { nanos: 300 }],
    ['ratio', { nanos: 200 }],
    ['bytes, nanos, ratio', { bytes: 100, nanos: 300 }],
  ])('fails for more %s', (worse, more) => {
    expect(worseIn(measured(more), measured(more), measured(more))).toEqual([worse])
  })

  it('accepts a difference that not every process shows', () => {
    const more = { nanos: 300, bytes: 100 }
    expect(worseIn(measured(more), measured(more), measured({ nanos: -10, bytes: -10 }))).toEqual([''])
  })

  it('measures nothing again if nothing looks worse', async () => {
    const calls: number[] = []
    const rows = await compareTwice('Koa', (cases, processes) => {
      calls.push(processes)
      return Promise.resolve(times(processes, () => measured({}, cases)))
    })
    expect(calls).toEqual([4])
    expect(summaryOf(rows)).toBe('Nothing is worse. No cell looked worse, so none was measured again.')
  })

  it('measures only the cells that look worse again, in more processes', async () => {
    const calls: unknown[] = []
    await compareTwice('Koa', (cases, processes) => {
      calls.push([cases.map(([guard, tokens]) => [guard, tokens]), processes])
      // Only the guard with many tokens allocates more.
      const rounds = contendersOf('base', 'tree', cases).map(({ tokens, build }) => ({
        nanos: [15_000],
        bytes: [tokens > 1 && build === 'tree' ? 9900 : 9800],
      }))
      return Promise.resolve(times(processes, () => rounds))
    })
    expect(calls).toEqual([
      [CASES, 4],
      [[['m2m-guard', 1000]], 8],
    ])
  })

  it.each([
    ['fails for what is worse both times', { bytes: 100 }, { bytes: 100 }, 'bytes', ''],
    ['accepts what is worse only the first time', { bytes: 100 }, {}, '', 'bytes'],
    ['accepts what is worse in another measure each time', { bytes: 100 }, { nanos: 300 }, '', 'bytes'],
  ])('%s', async (_, first, second, worse, dismissed) => {
    const more = [first, second]
    const rows = await compareTwice('Koa', (cases, processes) => {
      const amounts = more.shift() ?? {}
      return Promise.resolve(times(processes, () => measured(amounts, cases)))
    })
    expect(rows.map((row) => [row.worse.join(), row.dismissed.join()])).toEqual(
      rows.map(() => [worse, dismissed]),
    )
    expect(summaryOf(rows)).toContain(worse === '' ? 'Nothing is worse.' : '4 of 4 are worse.')
    expect(summaryOf(rows)).toContain('measured again in 8 other processes: 4.')
  })

  it('compares with a commit by default', () => {
    expect(commitOf(undefined)).toMatch(/^[0-9a-f]{40}$/)
  })

  it.each(['no-such-commit', '--all', ''])('names --against if %j is not a commit', (against) => {
    expect(() => commitOf(against)).toThrow('--against must be a commit or a version of this repository')
  })

  it('ends with code 1 and names --against if it is not a commit', () => {
    const args = ['--import', 'tsx', 'scripts/bench.ts', '--gate', '--against', 'no-such-commit']
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, expect.stringContaining('--against must be a commit or a version')])
  })
})
