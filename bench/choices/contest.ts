import { startChild } from '../support/child.js'
import type { Column, Table } from '../support/report.js'
import { interleave, median, ratio, spread } from '../support/statistics.js'
import type { Sample } from '../verifiers/measure.js'
import type { Choice, Provisions, Situation } from './choice.js'
import type { Preparation, Stretch } from './worker.js'

/** Less, and the engine still compiles while short rounds are measured. */
const WARM_UP_MS = 40

/** How long and how often each way is measured. */
export interface Endurance {
  readonly rounds: number
  readonly milliseconds: number
}

/** The samples of every way in one situation, round by round. */
interface Outcome {
  readonly situation: Situation
  readonly samples: readonly (readonly Sample[])[]
}

/** Measures the ways of a choice, each in a process of its own, in turn. */
export async function contest(choice: Choice, provisions: Provisions, endurance: Endurance): Promise<Table> {
  const module = new URL('worker.js', import.meta.url)
  const children = await Promise.all(choice.ways.map(({ name }) => startChild(module, [choice.id, name])))
  const outcomes: Outcome[] = []
  try {
    const preparation: Preparation = { kind: 'prepare', provisions }
    for (const child of children) await child.ask(preparation)
    for (const situation of choice.situations) {
      const { algorithm, mode, perTurn } = situation
      const { rounds, milliseconds } = endurance
      const samples = await interleave(children, rounds, (child, isWarmUp) => {
        const stretch: Stretch = {
          kind: 'measure',
          algorithm,
          mode,
          perTurn,
          milliseconds: isWarmUp ? Math.max(WARM_UP_MS, milliseconds / 2) : milliseconds,
        }
        return child.ask<Sample>(stretch)
      })
      outcomes.push({ situation, samples })
    }
  } finally {
    await Promise.all(children.map((child) => child.end()))
  }
  return tableOf(choice, outcomes)
}

function tableOf({ id, title, digits, situations, ways }: Choice, outcomes: readonly Outcome[]): Table {
  const where: readonly Column[] = situations.length === 1 ? [] : [{ key: 'where', label: 'where' }]
  return {
    id,
    title,
    columns: [
      ...where,
      { key: 'name', label: 'way' },
      { key: 'wall', label: 'wall µs', digits },
      { key: 'wallSpread', label: 'spread %' },
      { key: 'wallFactor', label: 'wall of ours', digits: 2 },
      { key: 'cpu', label: 'CPU µs', digits },
      { key: 'cpuSpread', label: 'spread %' },
      { key: 'cpuFactor', label: 'CPU of ours', digits: 2 },
    ],
    rows: outcomes.flatMap(({ situation, samples }) => {
      const wall = samples.map((list) => list.map(({ wallMicros }) => wallMicros))
      const cpu = samples.map((list) => list.map(({ cpuMicros }) => cpuMicros))
      return ways.map(({ name }, index) => ({
        where: situation.id,
        name,
        ...figuresOf('wall', wall[index], wall[0]),
        ...figuresOf('cpu', cpu[index], cpu[0]),
      }))
    }),
  }
}

/** A figure of one way: its median, its spread, and how it compares with the way that was chosen. */
function figuresOf(
  key: string,
  values: readonly number[] = [],
  chosen: readonly number[] = [],
): Readonly<Record<string, number>> {
  return {
    [key]: median(values),
    [`${key}Spread`]: spread(values),
    [`${key}Factor`]: ratio(values, chosen),
  }
}
