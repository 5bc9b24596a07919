import autocannon from 'autocannon'
import { FaultLog, NUMBERS, REQUESTS_PER_SECOND, type Part } from './fault-log.js'
import { Traffic, type Question } from './traffic.js'
import { createSoakBed, startOutage, type SoakBed } from './soak-bed.js'

/** What came of a soak. */
export interface SoakReport {
  readonly seconds: number
  readonly requests: number
  /** Connections that broke or timed out: none should. */
  readonly brokenRequests: number
  readonly statuses: Readonly<Record<string, number>>
  readonly reasons: Readonly<Record<string, number>>
  /** How many requests of each kind were judged. */
  readonly kinds: Readonly<Record<string, number>>
  readonly wrongAnswers: number
  /** The first few of them. */
  readonly examples: readonly string[]
  readonly calls: Readonly<Record<Part, { readonly made: number; readonly budget: number }>>
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  readonly heapMegabytes: { readonly start: number; readonly end: number }
  readonly rotations: number
  readonly outages: number
  readonly revocations: number
}

const CONNECTIONS = 30
const MOST_EXAMPLES = 10

/** Longer than any machine needs for one request, in seconds. */
const TIMEOUT = 600

/** Keeps a guarded Express server under load for seconds of the soak's clock, while its issuer rotates, fails, recovers and revokes. */
export async function soak(seconds: number): Promise<SoakReport> {
  const faultLog = new FaultLog()
  const bed = await createSoakBed(faultLog)
  const traffic = new Traffic(bed.issuer, faultLog)
  const judge = new Judge(faultLog)
  const heapAtStart = heapMegabytes()
  const startedAt = faultLog.now()
  const ending = new AbortController()
  const direction = direct(bed, faultLog, traffic, ending.signal)
  try {
    const result = await autocannon({
      url: bed.url,
      connections: CONNECTIONS,
      amount: seconds * REQUESTS_PER_SECOND,
      timeout: TIMEOUT,
      requests: [
        judge.hook(() => {
          faultLog.count()
          return traffic.next()
        }),
      ],
    })
    ending.abort()
    const revocations = await direction
    const elapsed = faultLog.now() - startedAt
    return {
      seconds,
      requests: result.requests.total,
      brokenRequests: result.errors + result.timeouts,
      statuses: judge.statuses,
      reasons: bed.reasons,
      kinds: judge.kinds,
      wrongAnswers: judge.wrongAnswers,
      examples: judge.examples,
      calls: {
        keys: { made: bed.calls.keys, budget: keyBudget(faultLog, elapsed) },
        questions: { made: bed.calls.questions, budget: questionBudget(faultLog, traffic, elapsed) },
      },
      latencyMs: { p50: result.latency.p50, p99: result.latency.p99 },
      heapMegabytes: { start: heapAtStart, end: heapMegabytes() },
      rotations: faultLog.rotations,
      outages: faultLog.outages.length,
      revocations,
    }
  } finally {
    ending.abort()
    await bed.close()
  }
}

/** Holds every answer against what the oracle allows for its time. */
class Judge {
  readonly statuses: Record<string, number> = {}
  readonly kinds: Record<string, number> = {}
  readonly examples: string[] = []
  wrongAnswers = 0
  readonly #faultLog: FaultLog

  constructor(faultLog: FaultLog) {
    this.#faultLog = faultLog
  }

  hook(next: () => Question): autocannon.Request {
    return {
      setupRequest: (request, context) => {
        const question = next()
        Object.assign(context, { question, from: this.#faultLog.now() })
        const { authorization, path } = question
        return {
          ...request,
          method: 'GET',
          path,
          headers: authorization === undefined ? {} : { authorization },
        }
      },
      onResponse: (status, _body, context, headers) => {
        const { question, from } = context as { readonly question: Question; readonly from: number }
        this.#judge(question, status, headers ?? {}, from)
      },
    }
  }

  #judge(question: Question, status: number, headers: Readonly<Record<string, unknown>>, from: number): void {
    const to = this.#faultLog.now()
    const allowed = question.allowed(from, to)
    this.statuses[status] = (this.statuses[status] ?? 0) + 1
    this.kinds[question.kind] = (this.kinds[question.kind] ?? 0) + 1
    const names = Object.keys(headers).map((name) => name.toLowerCase())
    const isWellFormed =
      names.includes('retry-after') === (status === 503) &&
      names.includes('www-authenticate') === [400, 401, 403].includes(status)
    if (allowed.includes(status) && isWellFormed) return
    this.wrongAnswers += 1
    const at = (from - this.#faultLog.rotatedAt).toFixed(2)
    if (this.examples.length < MOST_EXAMPLES) {
      this.examples.push(
        `${question.kind}: ${status} instead of ${allowed.join(' or ')}, ${at} s after a rotation`,
      )
    }
  }
}

/** Where in each round something happens, in seconds. */
const ROUND = { rotation: 0.5, revocation: 0.2, outage: 1.5, outageLasts: 0.8, rest: 3 } as const

/** Round after round: the keys rotate, a token is revoked, the issuer fails and recovers. Gives the number of revocations. */
async function direct(
  { issuer }: SoakBed,
  faultLog: FaultLog,
  traffic: Traffic,
  signal: AbortSignal,
): Promise<number> {
  let revocations = 0
  const wait = (time: number): Promise<void> => faultLog.wait(time, signal)
  try {
    for (let round = 0; ; round += 1) {
      await wait(ROUND.rotation)
      traffic.rotate()
      await wait(ROUND.revocation)
      traffic.revoke()
      revocations += 1
      await wait(ROUND.outage)
      const endOutage = startOutage(issuer, faultLog, round)
      await wait(ROUND.outageLasts)
      endOutage()
      await wait(ROUND.rest)
      traffic.replaceRevoked()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return revocations
}

/** Discovery and the first fetch, one fetch per pause for unknown ids, one per failure pause, one for each refresh. */
function keyBudget(faultLog: FaultLog, elapsed: number): number {
  const unknown = elapsed / NUMBERS.unknownKeyPause
  const failing = faultLog.outages.length * 5 + faultLog.troubledSeconds('keys') / NUMBERS.longestKeyPause
  // Discovery is refreshed as often as the keys are.
  const refreshes = (2 * elapsed) / (0.7 * NUMBERS.keyLifetime)
  return Math.ceil(2 + unknown + failing + refreshes)
}

/**
 * One question per piece of junk and one per honest token and lifetime; beyond that, an outage may cost
 * what it takes to open the breaker, what is under way then, and its probes, each with one retry.
 */
function questionBudget(faultLog: FaultLog, traffic: Traffic, elapsed: number): number {
  const perToken = elapsed / (0.9 * NUMBERS.answerLifetime) + 1
  const outages = faultLog.outages.filter(({ part }) => part === 'questions').length
  const probes = faultLog.troubledSeconds('questions') / NUMBERS.breakerPause
  const extra = 2 * (outages * (NUMBERS.breakerAfter + CONNECTIONS) + probes)
  return Math.ceil(traffic.junk + traffic.honest * perToken + extra)
}

function heapMegabytes(): number {
  globalThis.gc?.()
  return Math.round((process.memoryUsage().heapUsed / 1024 / 1024) * 10) / 10
}

/** What speaks against a report; nothing if the soak was passed. */
export function faultsOf(report: SoakReport): readonly string[] {
  const { wrongAnswers, brokenRequests, calls, statuses } = report
  return [
    ...(wrongAnswers > 0 ? [`${wrongAnswers} wrong answers`] : []),
    ...(brokenRequests > 0 ? [`${brokenRequests} requests without an answer`] : []),
    ...Object.entries(calls)
      .filter(([, { made, budget }]) => made > budget)
      .map(([part, { made, budget }]) => `${made} calls for ${part}, budget ${budget}`),
    // A soak in which something never happened has shown nothing about it.
    ...['200', '400', '401', '403']
      .filter((status) => !(status in statuses))
      .map((status) => `no answer was ${status}`),
  ]
}
