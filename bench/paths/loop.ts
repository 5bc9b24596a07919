import type { Outcome, Storm } from '../loop/worker.js'
import { compare } from '../support/child.js'
import { atMost, goal, table, type Effort, type Report } from '../support/report.js'
import { median, ratios, spread } from '../support/statistics.js'
import { startIssuer, times, type BenchIssuer } from '../support/tokens.js'
import { contendersOf, JOSE, OWN } from '../verifiers/cast.js'
import type { Preparation } from '../verifiers/worker.js'

/** More than m2m-guard may cache, as in the path of new tokens. */
const TOKENS = 1200
const KNOWN = 20
const PER_SECOND = 4000

const storms = (['valid', 'invalid'] as const).flatMap((what) => [
  { what, load: `${PER_SECOND.toLocaleString('en-US')} per second`, perSecond: PER_SECOND },
  { what, load: '64 in flight at any time', perSecond: null },
])

/** Goal 6: the delay of the event loop during a storm of new tokens. */
export async function loop({ quick, rounds }: Effort): Promise<Report> {
  const issuer = await startIssuer('RS256')
  const preparation: Preparation = { issuance: issuer.issuance, tokens: times(KNOWN, issuer.mint) }
  const tokens = {
    valid: times(TOKENS, issuer.mint),
    invalid: times(TOKENS, (index) => invalidToken(issuer, index)),
  }
  const names = contendersOf('loop').map(({ name }) => name)
  const samples = await compare<Outcome>({
    module: new URL('../loop/worker.js', import.meta.url),
    processes: names.map((name) => [name]),
    preparation,
    rounds,
    series: storms.map(({ what, perSecond }) => (): Storm => {
      const milliseconds = quick ? 100 : 2000
      return { tokens: tokens[what], perSecond, milliseconds }
    }),
  })
  issuer.close()
  const outcomes = storms.flatMap((storm, index) =>
    names.map((name, of) => {
      const rounds = samples[index]?.[of] ?? []
      const figure = (key: keyof Outcome): readonly number[] => rounds.map((outcome) => outcome[key])
      return { ...storm, name, figure }
    }),
  )
  return {
    path: 'loop',
    title: 'The event loop under a storm',
    tables: [
      table('storm', 'New tokens, with requests with cached tokens in between', outcomes, [
        ['what', 'new tokens', ({ what }) => what],
        ['load', 'how many', ({ load }) => load],
        ['name', 'verifier', ({ name }) => name],
        ['delay', 'loop delay p99 ms', ({ figure }) => median(figure('delayP99')), 2],
        ['spread', 'spread %', ({ figure }) => spread(figure('delayP99'))],
        ['newPerSecond', 'new tokens completed/s', ({ figure }) => median(figure('newPerSecond'))],
        ['answered', 'cached tokens accepted in time %', ({ figure }) => median(figure('answeredShare')) * 100, 1],
        ['knownP99', 'cached tokens p99 ms', ({ figure }) => median(figure('knownP99')), 2],
      ]),
    ],
    goals: storms.map(({ what, load }) => {
      const [own, jose] = [OWN, JOSE].map((name) =>
        outcomes.find((one) => one.what === what && one.load === load && one.name === name),
      )
      const delays = ratios(own?.figure('delayP99') ?? [], jose?.figure('delayP99') ?? [])
      const share = (median(own?.figure('answeredShare') ?? []) * 100).toFixed(1)
      const remark = `cached tokens accepted in time: ${share} %`
      return goal(`Storm of ${what} tokens, ${load}: p99 delay relative to jose`, delays, atMost(1), remark)
    }),
    notes: [
      `RS256. The invalid tokens are of three kinds in equal parts: a wrong signature with an existing key, an unknown key id, and a string that is not a JWT. At the same time, 500 requests per second arrive with one of ${KNOWN} cached tokens. In time means accepted within 100 ms of when the request was due. 64 in flight is a deliberate overload: every verifier takes as many tokens as it can, and the more it takes, the longer are its turns. The rows without verification show the loop delay of an idle verifier. A figure close to them means no delay.`,
    ],
  }
}

function invalidToken({ mint }: BenchIssuer, index: number): string {
  const [header = '', claims = '', signature = ''] = mint().split('.')
  // The signature of another token, which only a full verification detects.
  if (index % 3 === 0) return `${header}.${claims}.${mint().split('.')[2] ?? ''}`
  if (index % 3 === 1) {
    const unknown = { alg: 'RS256', typ: 'JWT', kid: `unknown-${index}` }
    return `${Buffer.from(JSON.stringify(unknown)).toString('base64url')}.${claims}.${signature}`
  }
  return `not-a-token-${index}`
}
