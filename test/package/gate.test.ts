import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { frameworks } from '../../bench/applications/frameworks.mjs'
import { race, type Rounds } from '../../bench/chain/race.js'
import { commitOf } from '../../bench/gate/build.js'
import { compareBuilds, contendersOf } from '../../bench/gate/gate.js'
import { startIssuer, times } from '../../bench/support/tokens.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BUILD = pathToFileURL(join(ROOT, 'dist/')).href

/** Rounds of the contenders of one process. Every guard of the second build adds the given amounts. */
function measured(more: Partial<Record<keyof Rounds, number>>): readonly Rounds[] {
  return contendersOf('base', 'tree').map(({ build }, index) => {
    const [nanos, bytes] = index === 0 ? [15_000, 9000] : [16_000, 9800]
    const added = build === 'tree' ? more : {}
    return { nanos: [nanos + (added.nanos ?? 0)], bytes: [bytes + (added.bytes ?? 0)] }
  })
}

const worseIn = (...processes: readonly (readonly Rounds[])[]) => [
  ...new Set(compareBuilds('Koa', processes).map(({ worse }) => worse)),
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
    expect(worseIn(measured({}), measured({}), measured({}))).toEqual([undefined])
  })

  it.each([
    ['bytes', { bytes: 100 }],
    ['nanos', { nanos: 300 }],
    ['ratio', { nanos: 200 }],
    ['bytes', { bytes: 100, nanos: 300 }],
  ])('fails for more %s', (worse, more) => {
    expect(worseIn(measured(more), measured(more), measured(more))).toEqual([worse])
  })

  it('accepts a difference that not every process shows', () => {
    const more = { nanos: 300, bytes: 100 }
    expect(worseIn(measured(more), measured(more), measured({ nanos: -10, bytes: -10 }))).toEqual([undefined])
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
