import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startChild } from '../../test/support/processes/child.js'
import { built } from '../support/machine.js'
import { median } from '../support/statistics.js'
import { startIssuer, times } from '../support/tokens.js'
import type { Contender } from './guards.js'
import type { RacePlan, Rounds } from './race.js'

/** How long contenders are measured. */
export type Lengths = Pick<RacePlan, 'warmUp' | 'turns' | 'milliseconds' | 'short'> & {
  readonly processes: number
}

export const COMPLETE: Lengths = { processes: 4, warmUp: 1000, turns: 12, milliseconds: 8, short: 40 }
export const QUICK: Lengths = { ...COMPLETE, processes: 2, warmUp: 500, turns: 6 }

/** Measures the contenders in one framework. Returns the rounds of every contender, for each process. */
export async function measureChain(
  framework: string,
  contenders: readonly Contender[],
  { processes, ...lengths }: Lengths,
): Promise<readonly (readonly Rounds[])[]> {
  const measured: (readonly Rounds[])[] = []
  const { issuance, mint, close } = await startIssuer('RS256')
  const tokens = times(Math.max(...contenders.map((one) => one.tokens)), mint)
  for (let count = 0; count < processes; count += 1) {
    // The engine optimizes for what it runs first, so every second process runs the contenders in reverse.
    const inOrder = <T>(list: readonly T[]): readonly T[] => (count % 2 === 0 ? list : list.toReversed())
    const child = await startChild(pathToFileURL(join(built, 'bench', 'chain', 'worker.js')), [framework])
    const plan: RacePlan = { framework, contenders: inOrder(contenders), issuance, tokens, ...lengths }
    measured.push(inOrder(await child.ask<readonly Rounds[]>(plan)))
    await child.end()
  }
  close()
  return measured
}

/** The median difference of two contenders in the turns of each process. */
export function differences(
  measured: readonly (readonly Rounds[])[],
  of: keyof Rounds,
  index: number,
  base: number,
): readonly number[] {
  return measured.map((process) => {
    const own = process[index]?.[of] ?? []
    const other = process[base]?.[of] ?? []
    // Single rounds allocate more or less when the engine collects garbage, but most of them do not.
    if (of === 'bytes') return median(own) - median(other)
    return median(own.map((value, turn) => value - (other[turn] ?? Number.NaN)))
  })
}
