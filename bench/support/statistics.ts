const sort = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b)

export function median(values: readonly number[]): number {
  const sorted = sort(values)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Returns the 95 % confidence interval of the median, by order statistics and without assuming a distribution. */
export function intervalOfMedian(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = sort(values)
  const outside = Math.max(0, Math.floor((values.length - 1.96 * Math.sqrt(values.length)) / 2) - 1)
  return [sorted[outside] ?? Number.NaN, sorted[values.length - 1 - outside] ?? Number.NaN]
}

/** Returns (max - min) / median of the rounds of one run in percent. */
export function spread(values: readonly number[]): number {
  return ((Math.max(...values) - Math.min(...values)) / median(values)) * 100
}

export function ratios(values: readonly number[], reference: readonly number[]): readonly number[] {
  return values.map((value, round) => value / (reference[round] ?? Number.NaN))
}

/** Returns the median of the ratios of each round, so that effects on a whole round cancel out. */
export function ratio(values: readonly number[], reference: readonly number[]): number {
  return median(ratios(values, reference))
}

/** Returns the list with the lowest median, which is the strictest comparison. */
export function hardest(lists: readonly (readonly number[])[]): readonly number[] {
  return lists.toSorted((a, b) => median(a) - median(b))[0] ?? []
}

export function percentile(values: readonly number[], share: number): number {
  return sort(values)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
}

/** Visits the contenders in turn (A B C, A B C) and returns the samples of each. The first round is a warm-up. */
export async function interleave<T, S>(
  contenders: readonly T[],
  rounds: number,
  visit: (contender: T, isWarmUp: boolean) => Promise<S>,
): Promise<readonly (readonly S[])[]> {
  const samples = contenders.map((): S[] => [])
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      const sample = await visit(contender, round < 0)
      if (round >= 0) samples[index]?.push(sample)
    }
  }
  return samples
}

export function shuffle<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item)
}
