import { answerMessages, startChild } from '../../test/support/processes/child.js'
import { interleave } from './statistics.js'

/** Prepares with the first message of the parent process, and replies to each other one with a measurement. */
export function measureWhenPrepared(prepare: (preparation: never) => Promise<(plan: never) => unknown>): void {
  let measure: ((plan: never) => unknown) | undefined
  answerMessages(async (message: never) => {
    if (measure !== undefined) return measure(message)
    measure = await prepare(message)
    return undefined
  })
}

/** Settings for measuring several processes of one module. */
export interface Comparison {
  readonly module: URL
  /** The arguments of each process. Contenders must not share a heap, type feedback or threads. */
  readonly processes: readonly (readonly string[])[]
  /** Sent to each process before anything is measured. */
  readonly preparation: unknown
  readonly rounds: number
  /** The messages to measure with, one series after the other. */
  readonly series: readonly ((isWarmUp: boolean) => unknown)[]
}

/** Measures processes in turn. Returns the samples by series, process and round. */
export async function compare<S>(plan: Comparison): Promise<readonly (readonly (readonly S[])[])[]> {
  const { preparation, rounds } = plan
  const children = await Promise.all(plan.processes.map((args) => startChild(plan.module, args)))
  try {
    for (const child of children) await child.ask(preparation)
    const samples = []
    for (const message of plan.series)
      samples.push(await interleave(children, rounds, (child, isWarmUp) => child.ask<S>(message(isWarmUp))))
    return samples
  } finally {
    await Promise.all(children.map((child) => child.end()))
  }
}
