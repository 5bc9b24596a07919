import { goal, type Effort, type Goal, type Report, type Table } from '../support/report.js'
import { hardest, ratio, ratios } from '../support/statistics.js'
import { SHORT_ROUNDS, figures, race, type Heat, type Samples } from '../verifiers/race.js'
import { OWN, standings } from '../verifiers/standings.js'

const LIMIT = 'crypto.verify, signature alone'
const AWS = 'aws-jwt-verify verifySync'
const FASTEST = [AWS, 'fast-jwt with one key']

/** More than the 1,000 that our verifier may remember here: whichever comes next is not among them. */
const TOKENS = 1200

const heats: readonly Heat[] = [
  // As a server takes requests: each in a turn of the event loop of its own.
  { id: 'sequential', tokens: TOKENS, mode: 'sequential', perTurn: 1 },
  { id: '64 at once', tokens: TOKENS, mode: 'at once', perTurn: 1 },
]

/** The issue names RS256 and ES256; the others are for information. */
const GOALS_OF: readonly string[] = ['RS256', 'ES256']

/** Goal 2: a token that was not seen before. */
export async function fresh({ quick, rounds }: Effort): Promise<Report> {
  const tables: Table[] = []
  const goals: Goal[] = []
  for (const algorithm of ['RS256', 'ES256', 'EdDSA', 'PS256'] as const) {
    if (quick && !GOALS_OF.includes(algorithm)) continue
    const results = await race({
      cast: 'new',
      algorithm,
      tokens: TOKENS,
      heats,
      rounds: quick ? rounds : rounds * SHORT_ROUNDS,
      milliseconds: quick ? 50 : 300,
      // It does not know PS256.
      without: (name) => algorithm === 'PS256' && name === AWS,
    })
    for (const [heat, samples] of results) {
      tables.push(tableOf(`${algorithm}, ${heat}`, samples))
      if (GOALS_OF.includes(algorithm)) goals.push(...goalsOf(algorithm, heat, samples))
    }
  }
  return {
    path: 'new',
    title: 'A new token',
    tables,
    goals,
    notes: [
      `${TOKENS.toLocaleString('en-US')} tokens are cycled and m2m-guard may remember 1,000 here, so that each is new when it comes; the others remember nothing. Sequential is one token per turn of the event loop. Where signatures are checked in the thread pool, a run of 64 at once uses more than one core: compare CPU as well.`,
    ],
  }
}

function tableOf(title: string, samples: Samples): Table {
  return standings(title, samples, 1, [
    {
      key: 'cpuToLimit',
      label: 'CPU of the signature alone',
      digits: 2,
      of: (name) => ratio(figures(samples, name, 'cpuMicros'), figures(samples, LIMIT, 'cpuMicros')),
    },
  ])
}

function goalsOf(algorithm: string, heat: string, samples: Samples): readonly Goal[] {
  const where = `${algorithm}, ${heat}`
  const own = figures(samples, OWN, 'perSecond')
  const toFastest = hardest(FASTEST.map((name) => ratios(own, figures(samples, name, 'perSecond'))))
  const toLimit = ratios(figures(samples, OWN, 'cpuMicros'), figures(samples, LIMIT, 'cpuMicros'))
  return [
    goal(`${where}: speed to the fastest peer`, toFastest, '×', '>=', heat === 'sequential' ? 1 : 1.3),
    goal(`${where}: CPU to the signature alone`, toLimit, '×', '<=', 1.35),
  ]
}
