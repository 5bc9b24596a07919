import { Session, type Runtime } from 'node:inspector/promises'

/** Self time of a function, in microseconds. */
export interface SelfTime {
  readonly frame: Runtime.CallFrame
  readonly micros: number
}

/** Samples the CPU of this process between `start` and `stop`. */
export class CpuProfile {
  readonly #session = new Session()

  async start(): Promise<void> {
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.setSamplingInterval', { interval: 200 })
    await this.#session.post('Profiler.start')
  }

  async stop(): Promise<readonly SelfTime[]> {
    const { profile } = await this.#session.post('Profiler.stop')
    this.#session.disconnect()
    const { nodes, samples = [], timeDeltas = [] } = profile
    const sums = new Map<number, number>()
    for (const [index, id] of samples.entries()) sums.set(id, (sums.get(id) ?? 0) + (timeDeltas[index] ?? 0))
    return nodes.map(({ id, callFrame }) => ({ frame: callFrame, micros: sums.get(id) ?? 0 }))
  }
}

/** Adds up amounts by name. */
export function sumBy<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  amountOf: (item: T) => number,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const item of items) sums.set(nameOf(item), (sums.get(nameOf(item)) ?? 0) + amountOf(item))
  return sums
}
