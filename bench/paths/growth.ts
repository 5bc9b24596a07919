import type { GrowthManner, Kind } from '../growth/worker.js'
import type { Memory } from '../growth/memory.js'
import { weigh, type Weight } from '../growth/weight.js'
import { startChild } from '../support/child.js'
import { goal, type Effort, type Goal, type Report, type Table } from '../support/report.js'
import { interleave, median, ratios, spread } from '../support/statistics.js'
import type { Sample } from '../verifiers/measure.js'

const SIZES: Readonly<Record<Kind, readonly number[]>> = {
  'remembered tokens': [10, 100, 1000, 10_000, 100_000],
  issuers: [1, 10, 100],
  keys: [1, 10, 100],
  scopes: [1, 10, 50],
}

/** What still counts as flat. The issue says only `flat`; this number is the bench's own. */
const FLAT = 1.25
const BYTES_LIMIT = 1.2 * 1024
/** A package whose duties are fewer: it makes no middleware, or takes no key set from an address of its own. */
const LESSER = ['jose', 'aws-jwt-verify', 'fast-jwt + get-jwks']

interface Step {
  readonly kind: Kind
  readonly size: number
  readonly samples: readonly Sample[]
  /** Of sha256 + Map.get with the same tokens. */
  readonly bare: readonly Sample[]
}

/** Goal 5: what grows with what is configured and remembered, and what the package weighs. */
export async function growth({ quick, rounds }: Effort): Promise<Report> {
  const steps = await measureSteps(quick, rounds)
  const memory = await measureMemory(quick ? 3000 : 50_000)
  const weights = await weigh(quick ? 3 : 9)
  return {
    path: 'growth',
    title: 'Cost as it grows',
    tables: [stepTable(steps), memoryTable(memory), weightTable(weights)],
    goals: [
      ...flatGoals(steps),
      goal(
        'Memory of a remembered token, its claims apart',
        memory.perToken - memory.claims,
        ' bytes',
        '<=',
        BYTES_LIMIT,
      ),
      ...weightGoals(weights),
    ],
    notes: [
      "Known tokens under ES256; with more than 1,000 remembered, 1,000 of them, evenly taken, are asked about in turn. With many issuers or keys the tokens are of all of them; of many scopes the policy asks for the last. Bare is sha256 + Map.get of the same texts: what it grows by is the length of the tokens and the caches of the processor. Flat is taken to be at most 1.25 times, a number of the bench's own. Of like duties are the packages that verify against a remote key set and bring a middleware or plugin: jose, aws-jwt-verify and fast-jwt + get-jwks are shown and not compared.",
    ],
  }
}

async function measureSteps(quick: boolean, rounds: number): Promise<readonly Step[]> {
  const plan = Object.entries(SIZES).flatMap(([kind, sizes]) =>
    sizes.filter((size) => !quick || size <= 10_000).map((size) => ({ kind: kind as Kind, size })),
  )
  const module = new URL('../growth/worker.js', import.meta.url)
  const children = await Promise.all(plan.map(({ kind, size }) => startChild(module, [kind, `${size}`])))
  for (const child of children) await child.ask('prepare')
  const measured = (what: GrowthManner['what']): Promise<readonly (readonly Sample[])[]> =>
    interleave(children, rounds, (child) => {
      const milliseconds = quick ? 25 : 400
      const manner: GrowthManner = { what, mode: 'sequential', milliseconds, perTurn: 64 }
      return child.ask<Sample>(manner)
    })
  const samples = await measured('authorize')
  const bare = await measured('bare')
  await Promise.all(children.map((child) => child.end()))
  return plan.map((step, index) => ({ ...step, samples: samples[index] ?? [], bare: bare[index] ?? [] }))
}

async function measureMemory(tokens: number): Promise<Memory> {
  const child = await startChild(new URL('../growth/memory.js', import.meta.url), [], {
    nodeFlags: ['--expose-gc'],
  })
  const memory = await child.ask<Memory>(tokens)
  await child.end()
  return memory
}

const bareCpu = ({ bare }: Step): readonly number[] => bare.map(({ cpuMicros }) => cpuMicros)
const cpu = ({ samples }: Step): readonly number[] => samples.map(({ cpuMicros }) => cpuMicros)

/** The CPU of a step, of that of the smallest of its kind. */
function growthOf(steps: readonly Step[], step: Step, of = cpu): readonly number[] {
  const smallest = steps.find(({ kind }) => kind === step.kind)
  return smallest === undefined ? [] : ratios(of(step), of(smallest))
}

function stepTable(steps: readonly Step[]): Table {
  return {
    id: 'growth',
    title: 'A known token, as things become more',
    columns: [
      { key: 'kind', label: 'what' },
      { key: 'size', label: 'how many' },
      { key: 'cpu', label: 'CPU µs', digits: 2 },
      { key: 'spread', label: 'spread %' },
      { key: 'growth', label: 'of the fewest', digits: 2 },
      { key: 'bare', label: 'bare CPU µs', digits: 2 },
      { key: 'bareGrowth', label: 'bare, of the fewest', digits: 2 },
    ],
    rows: steps.map((step) => ({
      kind: step.kind,
      size: step.size,
      cpu: median(cpu(step)),
      spread: spread(cpu(step)),
      growth: median(growthOf(steps, step)),
      bare: median(bareCpu(step)),
      bareGrowth: median(growthOf(steps, step, bareCpu)),
    })),
  }
}

function memoryTable({ perSeen, perToken, claims }: Memory): Table {
  return {
    id: 'memory',
    title: 'Memory of a remembered token of ten claims',
    columns: [
      { key: 'what', label: 'what' },
      { key: 'bytes', label: 'bytes' },
    ],
    rows: [
      { what: 'all of one that has come once', bytes: perSeen },
      { what: 'all of one that has come again', bytes: perToken },
      { what: 'its claims, as they were parsed', bytes: claims },
      { what: 'of one that has come again, the rest', bytes: perToken - claims },
    ],
  }
}

function weightTable(weights: readonly Weight[]): Table {
  return {
    id: 'weight',
    title: 'Import and size',
    columns: [
      { key: 'name', label: 'packages' },
      { key: 'importMs', label: 'import ms', digits: 1 },
      { key: 'importSpread', label: 'spread %' },
      { key: 'packages', label: 'packages installed' },
      { key: 'megabytes', label: 'MB', digits: 2 },
    ],
    rows: weights.map((weight) => ({ ...weight })),
  }
}

function flatGoals(steps: readonly Step[]): readonly Goal[] {
  return Object.keys(SIZES).map((kind) => {
    const most = steps.filter((step) => step.kind === kind).at(-1)
    if (most === undefined) throw new TypeError(`nothing was measured of ${kind}`)
    const what = `CPU with ${most.size.toLocaleString('en-US')} ${kind}, of that with the fewest`
    const bare = `bare sha256 + Map.get ${median(growthOf(steps, most, bareCpu)).toFixed(2)}×`
    return goal(what, growthOf(steps, most), '×', '<=', FLAT, bare)
  })
}

function weightGoals(weights: readonly Weight[]): readonly Goal[] {
  const own = weights.find(({ name }) => name === 'm2m-guard')
  const others = weights.filter(({ name }) => name !== 'm2m-guard' && !LESSER.includes(name))
  if (own === undefined) throw new TypeError('m2m-guard was not weighed')
  const least = (of: (weight: Weight) => number): number => Math.min(...others.map(of))
  const lightest = least(({ megabytes }) => megabytes)
  const quickest = least(({ importMs }) => importMs)
  return [
    goal('Import time, of the quickest peer of like duties', own.importMs / quickest, '×', '<=', 1),
    goal('Size, of the lightest peer of like duties', own.megabytes / lightest, '×', '<=', 1),
  ]
}
