import { nobody } from '../loop/nobody.js'
import type { StormMessage, Weather } from '../loop/worker.js'
import { startChild } from '../support/child.js'
import { goal, type Effort, type Goal, type Report, type Table } from '../support/report.js'
import { interleave, median, ratios, spread } from '../support/statistics.js'
import { startIssuer, times, type BenchIssuer } from '../support/tokens.js'

const OWN = 'm2m-guard authorize'
const JOSE = 'jose jwtVerify + createRemoteJWKSet'
const CONTENDERS = [OWN, JOSE, 'fast-jwt with one key', nobody.name]

/** More than our verifier may remember here: see the path of new tokens. */
const TOKENS = 1200
const KNOWN = 20
const PER_SECOND = 4000

interface Storm {
  readonly what: 'honest' | 'junk'
  readonly load: string
  readonly perSecond: number | null
}

const storms: readonly Storm[] = (['honest', 'junk'] as const).flatMap((what) => [
  { what, load: `${PER_SECOND.toLocaleString('en-US')} a second`, perSecond: PER_SECOND },
  { what, load: '64 under way at any time', perSecond: null },
])

type Outcomes = ReadonlyMap<string, readonly Weather[]>

/** Goal 6: whether the event loop stays free while new tokens storm in. */
export async function loop({ quick, rounds }: Effort): Promise<Report> {
  const issuer = await startIssuer('RS256')
  const known = times(KNOWN, () => issuer.mint())
  const tokens = {
    honest: times(TOKENS, () => issuer.mint()),
    junk: times(TOKENS, (index) => junk(issuer, index)),
  }
  const module = new URL('../loop/worker.js', import.meta.url)
  const children = await Promise.all(CONTENDERS.map((name) => startChild(module, [name])))
  const outcomes: (readonly [Storm, Outcomes])[] = []
  for (const child of children) {
    const preparation: StormMessage = { kind: 'prepare', issuance: issuer.issuance, known }
    await child.ask(preparation)
  }
  for (const storm of storms) {
    const samples = await interleave(children, rounds, (child) => {
      const milliseconds = quick ? 100 : 2000
      const message: StormMessage = {
        kind: 'storm',
        tokens: tokens[storm.what],
        perSecond: storm.perSecond,
        milliseconds,
      }
      return child.ask<Weather>(message)
    })
    outcomes.push([storm, new Map(CONTENDERS.map((name, index) => [name, samples[index] ?? []]))])
  }
  await Promise.all(children.map((child) => child.end()))
  issuer.close()
  return {
    path: 'loop',
    title: 'The event loop under a storm',
    tables: [tableOf(outcomes)],
    goals: outcomes.flatMap(goalsOf),
    notes: [
      `RS256. Junk is made up in equal parts of a bad signature under a key that exists, of a key id nobody has, and of text that is no JWT. Meanwhile 500 requests a second come with one of ${KNOWN} known tokens; answered means accepted within 100 ms of when the request was due. 64 under way is overload by design: every verifier takes as many as it can, and who takes more has more to do in a turn. The rows of nobody say what a loop delay is when there is nothing to do: what is near them is no delay.`,
    ],
  }
}

function junk(issuer: BenchIssuer, index: number): string {
  const [header = '', claims = '', signature = ''] = issuer.mint().split('.')
  // The signature of another token: only the whole check finds out.
  if (index % 3 === 0) return `${header}.${claims}.${issuer.mint().split('.')[2] ?? ''}`
  if (index % 3 === 1) {
    const unknown = { alg: 'RS256', typ: 'JWT', kid: `made-up-${index}` }
    return `${Buffer.from(JSON.stringify(unknown)).toString('base64url')}.${claims}.${signature}`
  }
  return `not-a-token-${index}`
}

const figure = (outcomes: Outcomes, name: string, of: keyof Weather): readonly number[] =>
  (outcomes.get(name) ?? []).map((weather) => weather[of])

function tableOf(outcomes: readonly (readonly [Storm, Outcomes])[]): Table {
  return {
    id: 'storm',
    title: 'New tokens, and known ones meanwhile',
    columns: [
      { key: 'what', label: 'new tokens' },
      { key: 'load', label: 'how many' },
      { key: 'name', label: 'verifier' },
      { key: 'delay', label: 'loop delay p99 ms', digits: 2 },
      { key: 'spread', label: 'spread %' },
      { key: 'newPerSecond', label: 'new ones answered/s' },
      { key: 'answered', label: 'known ones answered in time %', digits: 1 },
      { key: 'knownP99', label: 'known ones p99 ms', digits: 2 },
    ],
    rows: outcomes.flatMap(([{ what, load }, weathers]) =>
      CONTENDERS.map((name) => ({
        what,
        load,
        name,
        delay: median(figure(weathers, name, 'delayP99')),
        spread: spread(figure(weathers, name, 'delayP99')),
        newPerSecond: median(figure(weathers, name, 'newPerSecond')),
        answered: median(figure(weathers, name, 'answeredShare')) * 100,
        knownP99: median(figure(weathers, name, 'knownP99')),
      })),
    ),
  }
}

function goalsOf([{ what, load }, weathers]: readonly [Storm, Outcomes]): readonly Goal[] {
  const delays = ratios(figure(weathers, OWN, 'delayP99'), figure(weathers, JOSE, 'delayP99'))
  const share = (median(figure(weathers, OWN, 'answeredShare')) * 100).toFixed(1)
  const meanwhile = `known tokens answered in time: ${share} %`
  return [goal(`Storm of ${what} tokens, ${load}: p99 delay to jose`, delays, '×', '<=', 1, meanwhile)]
}
