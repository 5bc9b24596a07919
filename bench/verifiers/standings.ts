import type { Cell, Column, Table } from '../support/report.js'
import { median, ratio, spread } from '../support/statistics.js'
import { figures, type Samples } from './race.js'

/** Whom everybody is compared with. */
export const OWN = 'm2m-guard authorize'

/** A column of one path's own, beside those that all paths have. */
export interface Comparison extends Column {
  readonly of: (name: string) => Cell
}

/** What one heat has come to: a row for each contender. */
export function standings(
  title: string,
  samples: Samples,
  digits: number,
  comparisons: readonly Comparison[],
): Table {
  const speed = (name: string): readonly number[] => figures(samples, name, 'perSecond')
  return {
    id: title,
    title,
    columns: [
      { key: 'name', label: 'verifier' },
      { key: 'perSecond', label: 'per second' },
      { key: 'spread', label: 'spread %' },
      { key: 'wall', label: 'wall µs', digits },
      { key: 'cpu', label: 'CPU µs', digits },
      { key: 'factor', label: 'm2m-guard is faster by', digits: 2 },
      ...comparisons.map(({ of: _, ...column }) => column),
    ],
    rows: [...samples.keys()].map((name) => ({
      name,
      perSecond: median(speed(name)),
      spread: spread(speed(name)),
      wall: median(figures(samples, name, 'wallMicros')),
      cpu: median(figures(samples, name, 'cpuMicros')),
      factor: ratio(speed(OWN), speed(name)),
      ...Object.fromEntries(comparisons.map(({ key, of }) => [key, of(name)])),
    })),
  }
}
