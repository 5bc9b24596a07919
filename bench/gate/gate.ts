import { pathToFileURL } from 'node:url'
import { frameworks } from '../applications/frameworks.mjs'
import { build } from '../build.js'
import { BARE, OWN, type Contender } from '../chain/guards.js'
import { COMPLETE, differences, measureChain, QUICK, type Lengths } from '../chain/measure.js'
import type { Rounds } from '../chain/race.js'
import { built } from '../support/machine.js'
import { markdownTable, table, type Column } from '../support/report.js'
import { intervalOfMedian, median } from '../support/statistics.js'
import { buildCommit, commitOf } from './build.js'

/** Largest acceptable increases of what a guard adds to a request. Bytes come first, because they have the least noise. */
const LIMITS = { bytes: 64, nanos: 250, ratio: 1.15 } as const
type Measure = keyof typeof LIMITS

/** The guards of m2m-guard that are compared, and their number of tokens. */
const CASES = [
  [OWN.guard, 1],
  [OWN.guard, 1000],
  [OWN.scopes, 1],
  [OWN.observed, 1],
] as const

/** What the working tree adds to a request, compared with the other build: one value for each process. */
export interface Row extends Readonly<Record<Measure, readonly number[]>> {
  readonly framework: string
  readonly guard: string
  readonly tokens: number
  /** The first measure that is worse; `undefined` if none is. */
  readonly worse: Measure | undefined
}

/** The contenders of a comparison: an application without a guard, then every guard of both builds. */
export function contendersOf(base: string, tree: string): readonly Contender[] {
  const guards = CASES.flatMap(([guard, tokens]) => [base, tree].map((build) => ({ guard, tokens, build })))
  return [{ guard: BARE, tokens: 1, build: base }, ...guards]
}

/**
 * Compares the two builds. A measure is worse if its median is above the limit and its 95 % interval is above no change, so
 * that noise alone does not fail.
 */
export function compareBuilds(framework: string, measured: readonly (readonly Rounds[])[]): readonly Row[] {
  return CASES.map(([guard, tokens], index) => {
    const [base, tree] = [2 * index + 1, 2 * index + 2]
    const before = differences(measured, 'nanos', base, 0)
    const after = differences(measured, 'nanos', tree, 0)
    const values = {
      bytes: differences(measured, 'bytes', tree, base),
      nanos: differences(measured, 'nanos', tree, base),
      ratio: after.map((added, process) => added / (before[process] ?? Number.NaN)),
    }
    const isWorse = (of: Measure): boolean =>
      median(values[of]) > LIMITS[of] && intervalOfMedian(values[of])[0] > (of === 'ratio' ? 1 : 0)
    const worse = (Object.keys(LIMITS) as Measure[]).find(isWorse)
    return { framework, guard, tokens, ...values, worse }
  })
}

/** Compares the working tree with a commit. Prints the comparison, and returns whether nothing is worse. */
export async function gate(against: string | undefined, quick: boolean): Promise<boolean> {
  const commit = commitOf(against)
  await build()
  const contenders = contendersOf(buildCommit(commit), `${pathToFileURL(built).href}/`)
  const rows: Row[] = []
  for (const framework of Object.keys(frameworks))
    rows.push(...(await compareIn(framework, contenders, quick ? QUICK : COMPLETE)))
  console.log(`The working tree compared with ${commit.slice(0, 12)}, medians and 95 % intervals:\n`)
  console.log(markdownTable(table('gate', '', rows, columns)))
  const worse = rows.filter((row) => row.worse !== undefined)
  console.log(
    `\n${worse.length === 0 ? 'Nothing is worse.' : `${worse.length} of ${rows.length} are worse.`}`,
  )
  return worse.length === 0
}

/** Measures a second time if something is worse. Only what is worse in both measurements counts. */
async function compareIn(framework: string, contenders: readonly Contender[], lengths: Lengths) {
  const compare = async () => compareBuilds(framework, await measureChain(framework, contenders, lengths))
  const first = await compare()
  if (first.every(({ worse }) => worse === undefined)) return first
  const second = await compare()
  return second.map((row, index) => (first[index]?.worse === undefined ? { ...row, worse: undefined } : row))
}

const shown = (values: readonly number[], digits = 0): string => {
  const [low, high] = intervalOfMedian(values)
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
}

const columns: readonly Column<Row>[] = [
  ['framework', 'framework', ({ framework }) => framework],
  ['guard', 'guard', ({ guard }) => guard],
  ['tokens', 'tokens', ({ tokens }) => tokens],
  ['bytes', 'more bytes', ({ bytes }) => shown(bytes)],
  ['nanos', 'more ns', ({ nanos }) => shown(nanos)],
  ['ratio', 'added time, ratio', ({ ratio }) => shown(ratio, 2)],
  ['worse', 'worse', ({ worse }) => worse ?? 'no'],
]
