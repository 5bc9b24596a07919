import { goal, type Effort, type Goal, type Report, type Table } from '../support/report.js'
import { hardest, ratio, ratios } from '../support/statistics.js'
import { SHORT_ROUNDS, figures, race, type Heat, type Samples } from '../verifiers/race.js'
import { OWN, standings } from '../verifiers/standings.js'

const OWN_AT_ONCE = 'm2m-guard in an adapter (no promise)'
const BARE = 'bare sha256 + Map.get'
const FAST_JWT = ['fast-jwt with one key, cache: true', 'fast-jwt + get-jwks, cache: true']
const AUTH0 = 'express-oauth2-jwt-bearer'

/** As many as fast-jwt remembers with `cache: true`. */
const MANY = 1000
const PER_TURN = 64

const heats: readonly Heat[] = [
  { id: 'one token, sequential', tokens: 1, mode: 'sequential', perTurn: PER_TURN },
  { id: '1,000 tokens, sequential', tokens: MANY, mode: 'sequential', perTurn: PER_TURN },
  { id: 'one token, 64 at once', tokens: 1, mode: 'at once', perTurn: PER_TURN },
  { id: '1,000 tokens, 64 at once', tokens: MANY, mode: 'at once', perTurn: PER_TURN },
]

/** Goal 1: a token that was seen before. */
export async function known({ quick, rounds }: Effort): Promise<Report> {
  const tables: Table[] = []
  const goals: Goal[] = []
  for (const algorithm of ['RS256', 'ES256'] as const) {
    const results = await race({
      cast: 'known',
      algorithm,
      tokens: MANY,
      heats,
      rounds: quick ? rounds : rounds * SHORT_ROUNDS,
      milliseconds: quick ? 20 : 150,
    })
    for (const [heat, samples] of results) {
      tables.push(tableOf(`${algorithm}, ${heat}`, samples))
      goals.push(...goalsOf(`${algorithm}, ${heat}`, samples))
    }
  }
  return {
    path: 'known',
    title: 'A known token',
    tables,
    goals,
    notes: [
      'Who answers without a promise is called without; everybody else is awaited. m2m-guard decides about the whole request, with one scope and a maximum age; jose and express-oauth2-jwt-bearer remember nothing and check the signature again: a factor to them compares remembering with verifying.',
    ],
  }
}

const speed = (samples: Samples, name: string): readonly number[] => figures(samples, name, 'perSecond')
const cpu = (samples: Samples, name: string): readonly number[] => figures(samples, name, 'cpuMicros')

function tableOf(title: string, samples: Samples): Table {
  return standings(title, samples, 2, [
    {
      key: 'cpuFactor',
      label: 'takes less CPU by',
      digits: 2,
      of: (name) => ratio(cpu(samples, name), cpu(samples, OWN)),
    },
    {
      key: 'cpuToBare',
      label: 'CPU of bare',
      digits: 2,
      of: (name) => ratio(cpu(samples, name), cpu(samples, BARE)),
    },
  ])
}

function goalsOf(where: string, samples: Samples): readonly Goal[] {
  const own = speed(samples, OWN)
  const toFastJwt = hardest(FAST_JWT.map((name) => ratios(own, speed(samples, name))))
  const lessCpu = Math.min(...FAST_JWT.map((name) => ratio(cpu(samples, name), cpu(samples, OWN))))
  const byCpu = `by CPU ${lessCpu.toFixed(2)}×`
  const toAuth0 = ratios(own, speed(samples, AUTH0))
  const toBare = (name: string): readonly number[] => ratios(cpu(samples, name), cpu(samples, BARE))
  return [
    goal(`${where}: speed of authorize to the faster fast-jwt`, toFastJwt, '×', '>=', 1.8, byCpu),
    ...(where.endsWith('sequential')
      ? [goal(`${where}: speed of authorize to ${AUTH0}`, toAuth0, '×', '>=', 70)]
      : []),
    goal(`${where}: CPU of authorize to bare`, toBare(OWN), '×', '<=', 1.35),
    goal(`${where}: CPU in an adapter to bare`, toBare(OWN_AT_ONCE), '×', '<=', 1.35),
  ]
}
