export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Where the median of ever so many values would be with 95 % certainty, by order and without a guess at how they are spread. */
export function intervalOfMedian(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b)
  const outside = Math.max(0, Math.floor((values.length - 1.96 * Math.sqrt(values.length)) / 2) - 1)
  return [sorted[outside] ?? Number.NaN, sorted[values.length - 1 - outside] ?? Number.NaN]
}

/** (max - min) / median, in percent: how far the rounds of one run lie apart. */
export function spread(values: readonly number[]): number {
  return ((Math.max(...values) - Math.min(...values)) / median(values)) * 100
}

export function ratios(values: readonly number[], reference: readonly number[]): readonly number[] {
  return values.map((value, round) => value / (reference[round] ?? Number.NaN))
}

/** The median of the ratios round by round: what slows a whole round down cancels out. */
export function ratio(values: readonly number[], reference: readonly number[]): number {
  return median(ratios(values, reference))
}

/** Of several lists of figures the one with the lowest median: the comparison that is hardest to pass. */
export function hardest(lists: readonly (readonly number[])[]): readonly number[] {
  return lists.toSorted((a, b) => median(a) - median(b))[0] ?? []
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/**
 * Visits everybody in turn, A B C A B C, and gives each one's samples in the order of the rounds. A first visit warms
 * up and does not count.
 */
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

/** The same numbers in every run: mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
