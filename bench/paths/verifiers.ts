import type { SigningAlgorithm } from '../../src/testing/state/signing-keys.js'
import { compare } from '../support/child.js'
import type { Manner, Sample } from '../support/measure.js'
import { atLeast, atMost, goal, table } from '../support/report.js'
import type { Column, Effort, Goal, Report, Table } from '../support/report.js'
import { hardest, median, ratio, ratios, spread } from '../support/statistics.js'
import { startIssuer, times } from '../support/tokens.js'
import { contendersOf, OWN, type Cast } from '../verifiers/cast.js'
import type { Preparation, Stretch } from '../verifiers/worker.js'

const BARE = 'bare sha256 + Map.get'
const LIMIT = 'crypto.verify, signature alone'
const FAST_JWT = ['fast-jwt with one key, cache: true', 'fast-jwt + get-jwks, cache: true']
const AUTH0 = 'express-oauth2-jwt-bearer'
const AWS = 'aws-jwt-verify verifySync'

/** The number of tokens that fast-jwt caches with `cache: true`. */
const CACHED = 1000
/** More than the 1,000 tokens that m2m-guard may cache, so that the next one is never in the cache. */
const NEW = 1200
/** A complete run has more and shorter rounds, so that a disturbed round has less weight. */
const SHORT_ROUNDS = 3
const WARM_UP_MS = 30

/** A measurement of every contender in turn. */
interface Heat extends Pick<Manner, 'mode' | 'perTurn'> {
  readonly id: string
  readonly tokens: number
}

interface Race extends Pick<Report, 'title' | 'notes'> {
  readonly path: Cast
  readonly algorithms: readonly SigningAlgorithm[]
  readonly heats: readonly Heat[]
  readonly milliseconds: number
  readonly table: (title: string, samples: Samples) => Table
  readonly goals: (where: string, samples: Samples) => readonly Goal[]
}

/** The samples of one heat by the contender's name, one for each round. */
type Samples = ReadonlyMap<string, readonly Sample[]>

/** Goal 1: a token that was verified before. */
export function known(effort: Effort): Promise<Report> {
  const heat = (id: string, tokens: number, mode: Manner['mode']): Heat => ({ id, tokens, mode, perTurn: 64 })
  return race(effort, {
    path: 'known',
    title: 'A cached token',
    algorithms: ['RS256', 'ES256'],
    heats: [
      heat('one token, sequential', 1, 'sequential'),
      heat('1,000 tokens, sequential', CACHED, 'sequential'),
      heat('one token, 64 concurrent', 1, 'concurrent'),
      heat('1,000 tokens, 64 concurrent', CACHED, 'concurrent'),
    ],
    milliseconds: effort.quick ? 20 : 150,
    table: (title, samples) =>
      standings(title, samples, 2, [
        ['cpuFactor', 'm2m-guard takes less CPU by', cpuTo(samples, OWN), 2],
        ['cpuToBare', 'CPU relative to bare', cpuTo(samples, BARE), 2],
      ]),
    goals: knownGoals,
    notes: [
      'Verifiers that return no promise are called without `await`. m2m-guard makes the complete decision about a request, with one scope and a maximum age. jose and express-oauth2-jwt-bearer have no token cache and verify the signature again, so a factor relative to them compares caching with verifying.',
    ],
  })
}

/** Goal 2: a token that was not verified before. */
export function fresh(effort: Effort): Promise<Report> {
  // Each in its own turn of the event loop, as a server receives requests.
  const heat = (id: string, mode: Manner['mode']): Heat => ({ id, tokens: NEW, mode, perTurn: 1 })
  return race(effort, {
    path: 'new',
    title: 'A new token',
    // RS256 and ES256 have goals. The others are for information.
    algorithms: effort.quick ? ['RS256', 'ES256'] : ['RS256', 'ES256', 'EdDSA', 'PS256'],
    heats: [heat('sequential', 'sequential'), heat('64 concurrent', 'concurrent')],
    milliseconds: effort.quick ? 50 : 300,
    table: (title, samples) =>
      standings(title, samples, 1, [['cpuToLimit', 'CPU relative to the signature alone', cpuTo(samples, LIMIT), 2]]),
    goals: (where, samples) => (/^(?:RS|ES)256/.test(where) ? freshGoals(where, samples) : []),
    notes: [
      `${NEW.toLocaleString('en-US')} tokens are used in turn, and m2m-guard may cache 1,000 of them, so that each token is new when it is used. The others have no cache. Sequential is one token per turn of the event loop. A run of 64 concurrent tokens uses more than one core if signatures are verified in the thread pool, so compare the CPU time as well.`,
    ],
  })
}

/** Measures the contenders of a cast in all heats, each in its own process. */
async function race(
  { quick, rounds }: Effort,
  { path, title, notes, heats, milliseconds, ...plan }: Race,
): Promise<Report> {
  const tables: Table[] = []
  const goals: Goal[] = []
  for (const algorithm of plan.algorithms) {
    const issuer = await startIssuer(algorithm)
    // aws-jwt-verify does not support PS256.
    const names = contendersOf(path)
      .map(({ name }) => name)
      .filter((name) => algorithm !== 'PS256' || name !== AWS)
    const tokens = times(Math.max(...heats.map((heat) => heat.tokens)), issuer.mint)
    const preparation: Preparation = { issuance: issuer.issuance, tokens }
    const results = await compare<Sample>({
      module: new URL('../verifiers/worker.js', import.meta.url),
      processes: names.map((name) => [path, name]),
      preparation,
      rounds: quick ? rounds : rounds * SHORT_ROUNDS,
      series: heats.map(({ id: _, ...heat }) => (isWarmUp): Stretch => {
        const length = isWarmUp ? Math.max(WARM_UP_MS, milliseconds / 2) : milliseconds
        return { ...heat, milliseconds: length }
      }),
    })
    issuer.close()
    for (const [index, { id }] of heats.entries()) {
      const samples = new Map(names.map((name, of) => [name, results[index]?.[of] ?? []]))
      tables.push(plan.table(`${algorithm}, ${id}`, samples))
      goals.push(...plan.goals(`${algorithm}, ${id}`, samples))
    }
  }
  return { path, title, tables, goals, notes }
}

const figures = (samples: Samples, name: string, of: keyof Sample): readonly number[] =>
  (samples.get(name) ?? []).map((sample) => sample[of])

const speed = (samples: Samples, name: string) => figures(samples, name, 'perSecond')
const cpu = (samples: Samples, name: string) => figures(samples, name, 'cpuMicros')

/** The CPU time of a contender relative to another. */
const cpuTo = (samples: Samples, other: string) => (name: string) => ratio(cpu(samples, name), cpu(samples, other))

function standings(title: string, samples: Samples, digits: number, more: readonly Column<string>[]): Table {
  return table(title, title, samples.keys(), [
    ['name', 'verifier', (name) => name],
    ['perSecond', 'per second', (name) => median(speed(samples, name))],
    ['spread', 'spread %', (name) => spread(speed(samples, name))],
    ['wall', 'wall µs', (name) => median(figures(samples, name, 'wallMicros')), digits],
    ['cpu', 'CPU µs', (name) => median(cpu(samples, name)), digits],
    ['factor', 'm2m-guard is faster by', (name) => ratio(speed(samples, OWN), speed(samples, name)), 2],
    ...more,
  ])
}

function knownGoals(where: string, samples: Samples): readonly Goal[] {
  const own = speed(samples, OWN)
  const toFastJwt = hardest(FAST_JWT.map((name) => ratios(own, speed(samples, name))))
  const lessCpu = Math.min(...FAST_JWT.map((name) => ratio(cpu(samples, name), cpu(samples, OWN))))
  const byCpu = `by CPU ${lessCpu.toFixed(2)}×`
  const toAuth0 = ratios(own, speed(samples, AUTH0))
  const toBare = ratios(cpu(samples, OWN), cpu(samples, BARE))
  return [
    goal(`${where}: speed of authorize relative to the faster fast-jwt`, toFastJwt, atLeast(1.8), byCpu),
    ...(where.endsWith('sequential')
      ? [goal(`${where}: speed of authorize relative to ${AUTH0}`, toAuth0, atLeast(70))]
      : []),
    goal(`${where}: CPU of authorize relative to bare`, toBare, atMost(1.35)),
  ]
}

function freshGoals(where: string, samples: Samples): readonly Goal[] {
  const peers = [AWS, 'fast-jwt with one key'].map((name) => speed(samples, name))
  const toFastest = hardest(peers.map((peer) => ratios(speed(samples, OWN), peer)))
  const toLimit = ratios(cpu(samples, OWN), cpu(samples, LIMIT))
  const least = where.endsWith('sequential') ? 1 : 1.3
  return [
    goal(`${where}: speed relative to the fastest package`, toFastest, atLeast(least)),
    goal(`${where}: CPU relative to the signature alone`, toLimit, atMost(1.35)),
  ]
}
