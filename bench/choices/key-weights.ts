import { startChild } from '../support/child.js'
import type { Effort, Table } from '../support/report.js'
import { interleave, median, ratio, spread } from '../support/statistics.js'
import type { Filling } from './key-worker.js'
import { keys } from './keys.js'

/** What a remembered token takes in space, by what it is remembered under. */
export async function keyWeights(token: string, { quick, rounds }: Effort): Promise<Table> {
  const module = new URL('key-worker.js', import.meta.url)
  const child = await startChild(module, [], { nodeFlags: ['--expose-gc'] })
  const count = quick ? 3000 : 30_000
  const samples = await interleave(keys, rounds, ({ name }) => {
    const filling: Filling = { name, token, count }
    return child.ask<number>(filling)
  })
  await child.end()
  const chosen = samples[0] ?? []
  return {
    id: 'key-weight',
    title: 'The key of the memory: bytes of a remembered RS256 token, without what is known of it',
    columns: [
      { key: 'name', label: 'remembered under' },
      { key: 'bytes', label: 'bytes' },
      { key: 'spread', label: 'spread %' },
      { key: 'factor', label: 'of ours', digits: 2 },
    ],
    rows: keys.map(({ name }, index) => {
      const bytes = samples[index] ?? []
      return { name, bytes: median(bytes), spread: spread(bytes), factor: ratio(bytes, chosen) }
    }),
  }
}
