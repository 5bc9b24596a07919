import type { GrowthManner, Kind } from '../growth/worker.js'
import type { Memory } from '../growth/memory.js'
import { weigh, type Weight } from '../growth/weight.js'
import { startChild } from '../../test/support/processes/child.js'
import { compare } from '../support/child.js'
import type { Sample } from '../support/measure.js'
import { atMost, goal, table, type Effort, type Goal, type Report } from '../support/report.js'
import { median, ratios, spread } from '../support/statistics.js'

const SIZES: Readonly<Record<Kind, readonly number[]>> = {
  'cached tokens': [10, 100, 1000, 10_000, 100_000],
  issuers: [1, 10, 100],
  keys: [1, 10, 100],
  scopes: [1, 10, 50],
}

/** The largest factor that counts as flat. The goal says only `flat`, and the benchmark sets this number. */
const FLAT = 1.25
const BYTES_LIMIT = 1.2 * 1024
/** Packages with fewer features: without middleware, or without a remote key set. */
const LESSER = ['jose', 'aws-jwt-verify', 'fast-jwt + get-jwks']

/** CPU time of one size per round, absolute and relative to the smallest size of its kind. */
interface Step {
  readonly kind: Kind
  readonly size: number
  readonly cpu: readonly number[]
  readonly growth: readonly number[]
  /** The same for sha256 + Map.get with the same tokens. */
  readonly bare: readonly number[]
  readonly bareGrowth: readonly number[]
}

/** Goal 5: cost as the configuration and the cache grow, and the size of the package. */
export async function growth({ quick, rounds }: Effort): Promise<Report> {
  const steps = await measureSteps(quick, rounds)
  const { perToken, claims } = await measureMemory(quick ? 3000 : 50_000)
  const weights = await weigh(quick ? 3 : 9)
  const memory = [
    ['a cached token', perToken],
    ['its parsed claims', claims],
    ['the rest', perToken - claims],
  ] as const
  return {
    path: 'growth',
    title: 'Cost with growing numbers',
    tables: [
      table('growth', 'A cached token with growing numbers', steps, [
        ['kind', 'what', ({ kind }) => kind],
        ['size', 'how many', ({ size }) => size],
        ['cpu', 'CPU µs', ({ cpu }) => median(cpu), 2],
        ['spread', 'spread %', ({ cpu }) => spread(cpu)],
        ['growth', 'relative to the fewest', (step) => median(step.growth), 2],
        ['bare', 'bare CPU µs', ({ bare }) => median(bare), 2],
        ['bareGrowth', 'bare, relative to the fewest', ({ bareGrowth }) => median(bareGrowth), 2],
      ]),
      table('memory', 'Memory of a cached token with ten claims', memory, [
        ['what', 'what', ([what]) => what],
        ['bytes', 'bytes', ([, bytes]) => bytes],
      ]),
      table('weight', 'Import and size', weights, [
        ['name', 'packages', ({ name }) => name],
        ['importMs', 'import ms', ({ importMs }) => importMs, 1],
        ['importSpread', 'spread %', ({ importSpread }) => importSpread],
        ['packages', 'packages installed', ({ packages }) => packages],
        ['megabytes', 'MB', ({ megabytes }) => megabytes, 2],
      ]),
    ],
    goals: [
      ...flatGoals(steps),
      goal('Memory of a cached token without its claims', perToken - claims, atMost(BYTES_LIMIT, ' bytes')),
      ...weightGoals(weights),
    ],
    notes: [
      'The tokens are cached ES256 tokens. With more than 1,000 of them, 1,000 evenly distributed tokens are used in turn. With many issuers or keys, the tokens are distributed over all of them. With many scopes, the policy requires the last one. Bare is sha256 + Map.get of the same strings. It grows with the length of the tokens and with the pressure on the CPU caches. Flat means at most 1.25 times, a limit that the benchmark sets. Packages with the same features verify against a remote key set and include a middleware or plugin. jose, aws-jwt-verify and fast-jwt + get-jwks are shown and not compared.',
    ],
  }
}

async function measureSteps(quick: boolean, rounds: number): Promise<readonly Step[]> {
  const plan = (Object.entries(SIZES) as [Kind, readonly number[]][]).flatMap(([kind, sizes]) =>
    sizes.filter((size) => !quick || size <= 10_000).map((size) => ({ kind, size })),
  )
  const manner = { mode: 'sequential', milliseconds: quick ? 25 : 400, perTurn: 64 } as const
  const samples = await compare<Sample>({
    module: new URL('../growth/worker.js', import.meta.url),
    processes: plan.map(({ kind, size }) => [kind, `${size}`]),
    preparation: {},
    rounds,
    series: (['authorize', 'bare'] as const).map((what) => (): GrowthManner => ({ what, ...manner })),
  })
  const [own = [], bare = []] = samples.map((steps) => steps.map((step) => step.map(({ cpuMicros }) => cpuMicros)))
  return plan.map(({ kind, size }, index) => {
    const smallest = plan.findIndex((step) => step.kind === kind)
    const of = (list: typeof own): readonly number[] => list[index] ?? []
    const growthOf = (list: typeof own): readonly number[] => ratios(of(list), list[smallest] ?? [])
    return { kind, size, cpu: of(own), growth: growthOf(own), bare: of(bare), bareGrowth: growthOf(bare) }
  })
}

async function measureMemory(tokens: number): Promise<Memory> {
  const child = await startChild(new URL('../growth/memory.js', import.meta.url), [], { flags: ['--expose-gc'] })
  const memory = await child.ask<Memory>(tokens)
  await child.end()
  return memory
}

function flatGoals(steps: readonly Step[]): readonly Goal[] {
  return Object.keys(SIZES).map((kind) => {
    const most = steps.findLast((step) => step.kind === kind)
    if (most === undefined) throw new TypeError(`no measurement of ${kind}`)
    const what = `CPU with ${most.size.toLocaleString('en-US')} ${kind} relative to the fewest`
    const bare = `bare sha256 + Map.get ${median(most.bareGrowth).toFixed(2)}×`
    return goal(what, most.growth, atMost(FLAT), bare)
  })
}

function weightGoals(weights: readonly Weight[]): readonly Goal[] {
  const own = weights.find(({ name }) => name === 'm2m-guard')
  const others = weights.filter(({ name }) => name !== 'm2m-guard' && !LESSER.includes(name))
  if (own === undefined) throw new TypeError('m2m-guard was not measured')
  const toLeast = (of: (weight: Weight) => number): number => of(own) / Math.min(...others.map(of))
  const [time, size] = [toLeast(({ importMs }) => importMs), toLeast(({ megabytes }) => megabytes)]
  return [
    goal('Import time, relative to the fastest package with the same features', time, atMost(1)),
    goal('Size, relative to the smallest package with the same features', size, atMost(1)),
  ]
}
