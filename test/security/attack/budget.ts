/** `npm run attack` sets the variable: more runs, from a seed that differs each time. */
const isLong = process.env['M2M_GUARD_ATTACK'] === 'long'

/** Milliseconds after which an attack counts as hanging: a bound for the process, which decides nothing. */
export const LONGEST_ATTACK = isLong ? 3_600_000 : 300_000

/** A fixed seed in `npm test`, so that a red test is red for everyone. */
const SHORT_SEED = 20_261_130

/**
 * The seed and the number of runs of one attack, printed so that the attack can be repeated: set `M2M_GUARD_SEED` to
 * the printed seed, and `M2M_GUARD_RUNS` to another number of runs.
 */
export function attackRuns(name: string, runs: { readonly short: number; readonly long: number }) {
  const seed = numberIn('M2M_GUARD_SEED') ?? (isLong ? Date.now() % 2 ** 31 : SHORT_SEED)
  const numRuns = numberIn('M2M_GUARD_RUNS') ?? (isLong ? runs.long : runs.short)
  console.log(`attack "${name}": seed ${seed}, ${numRuns} runs`)
  return { seed, numRuns }
}

/** Prints what a long attack met: a fuzz that reaches few outcomes proves little. */
export function printCounts(name: string, counts: ReadonlyMap<string, number>): void {
  if (!isLong) return
  const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b))
  console.log(`attack "${name}": ${sorted.map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`)
}

/** Adds one to a count. */
export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function numberIn(variable: string): number | undefined {
  const text = process.env[variable]
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0)
    throw new Error(`${variable} must be a non-negative integer`)
  return number
}
