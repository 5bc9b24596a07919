import { pathToFileURL } from 'node:url'
import { frameworks } from '../applications/frameworks.mjs'
import { build } from '../build.js'
import { BARE, CACHED, OWN, type Contender } from '../chain/guards.js'
import { COMPLETE, differences, measureChain, QUICK } from '../chain/measure.js'
import type { Rounds } from '../chain/race.js'
import { built } from '../support/machine.js'
import { markdownTable, table, type Column } from '../support/report.js'
import { intervalOfMedian, median, ratios } from '../support/statistics.js'
import { buildCommit, commitOf } from './build.js'

/** Largest acceptable increases of what a guard adds to a request. Bytes come first, because they have the least noise. */
const LIMITS = { bytes: 64, nanos: 250, ratio: 1.15 } as const
type Measure = keyof typeof LIMITS

/** How often each framework is measured, and how often the cells that look worse are measured again. */
const PROCESSES = { first: 4, second: 8 } as const

/** A guard of m2m-guard that is compared, and its number of tokens. */
type Case = readonly [guard: string, tokens: number]

export const CASES: readonly Case[] = [
  [OWN.guard, 1],
  [OWN.guard, CACHED],
  [OWN.scopes, 1],
  [OWN.observed, 1],
]

/** What the working tree adds to a request, compared with the other build: one value for each process. */
export interface Row extends Readonly<Record<Measure, readonly number[]>> {
  readonly framework: string
  readonly guard: string
  readonly tokens: number
  /** The measures that are worse. */
  readonly worse: readonly Measure[]
  /** The measures that were worse only in the first of two measurements. They do not count. */
  readonly dismissed: readonly Measure[]
}

type Measured = readonly (readonly Rounds[])[]

/** The contenders of a comparison: an application without a guard, then the guards of both builds. */
export function contendersOf(base: string, tree: string, cases = CASES): readonly Contender[] {
  const guards = cases.flatMap(([guard, tokens]) => [base, tree].map((build) => ({ guard, tokens, build })))
  return [{ guard: BARE, tokens: 1, build: base }, ...guards]
}

/**
 * Compares the two builds. A measure is worse if its median is above the limit and its 95 % interval is above no change, so
 * that noise alone does not fail.
 */
export function compareBuilds(framework: string, measured: Measured, cases = CASES): readonly Row[] {
  return cases.map(([guard, tokens], index) => {
    const [base, tree] = [2 * index + 1, 2 * index + 2]
    const added = (build: number): readonly number[] => differences(measured, 'nanos', build, 0)
    const values = {
      bytes: differences(measured, 'bytes', tree, base),
      nanos: differences(measured, 'nanos', tree, base),
      ratio: ratios(added(tree), added(base)),
    }
    const isWorse = (of: Measure): boolean =>
      median(values[of]) > LIMITS[of] && intervalOfMedian(values[of])[0] > (of === 'ratio' ? 1 : 0)
    const worse = (Object.keys(LIMITS) as Measure[]).filter(isWorse)
    return { framework, guard, tokens, ...values, worse, dismissed: [] }
  })
}

/**
 * Compares the two builds in one framework. What looks worse is measured again in other processes, because one of many
 * cells looks worse by chance. Only a measure that is worse both times counts.
 */
export async function compareTwice(
  framework: string,
  measure: (cases: readonly Case[], processes: number) => Promise<Measured>,
): Promise<readonly Row[]> {
  const rows = compareBuilds(framework, await measure(CASES, PROCESSES.first))
  const suspects = CASES.filter((_, index) => rows[index]?.worse.length !== 0)
  if (suspects.length === 0) return rows
  const again = compareBuilds(framework, await measure(suspects, PROCESSES.second), suspects)
  return rows.map((row, index) => {
    const second = again[suspects.findIndex((suspect) => suspect === CASES[index])]
    if (second === undefined) return row
    const worse = row.worse.filter((of) => second.worse.includes(of))
    return { ...second, worse, dismissed: row.worse.filter((of) => !worse.includes(of)) }
  })
}

/** Compares the working tree with a commit. Prints the comparison, and returns whether nothing is worse. */
export async function gate(against: string | undefined, quick: boolean): Promise<boolean> {
  const commit = commitOf(against)
  await build()
  const builds = [buildCommit(commit), `${pathToFileURL(built).href}/`] as const
  const rows: Row[] = []
  for (const framework of Object.keys(frameworks)) {
    const compared = await compareTwice(framework, (cases, processes) =>
      measureChain(framework, contendersOf(...builds, cases), { ...(quick ? QUICK : COMPLETE), processes }),
    )
    rows.push(...compared)
  }
  console.log(`The working tree compared with ${commit.slice(0, 12)}, medians and 95 % intervals:\n`)
  console.log(markdownTable(table('gate', '', rows, columns)))
  console.log(`\n${summaryOf(rows)}`)
  return rows.every(({ worse }) => worse.length === 0)
}

/** Says what was measured twice, and what of it counts. */
export function summaryOf(rows: readonly Row[]): string {
  const worse = rows.filter((row) => row.worse.length > 0).length
  const twice = rows.filter((row) => row.worse.length + row.dismissed.length > 0).length
  const verdict = worse === 0 ? 'Nothing is worse.' : `${worse} of ${rows.length} are worse.`
  if (twice === 0) return `${verdict} No cell looked worse, so none was measured again.`
  return `${verdict} Cells that looked worse and were measured again in ${PROCESSES.second} other processes: ${twice}. Only what is worse both times counts. The table shows their second measurement.`
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
  ['worse', 'worse both times', ({ worse }) => worse.join(', ') || 'no'],
  ['dismissed', 'only the first time', ({ dismissed }) => dismissed.join(', ') || '–'],
]
