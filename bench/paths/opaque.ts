import { createVerifier, oauth } from '../../src/index.js'
import { createTestIssuer } from '../../src/testing/index.js'
import { goal, table, type Effort, type Report } from '../support/report.js'
import { SimulatedIssuer } from '../support/simulated-issuer.js'
import { randomNumbers } from '../support/statistics.js'
import { SCOPE, times } from '../support/tokens.js'
import { policy } from '../verifiers/own.js'

const CONCURRENT = 10_000
const TOKENS = 1000
const LIFETIME_S = 30
const STEP_MS = 100
/** Response time of the issuer in simulated time. */
const RESPONSE_MS = 20

/** Goal 4: opaque tokens, which are introspected. */
export async function opaque({ quick }: Effort): Promise<Report> {
  const concurrent = await measureConcurrent(CONCURRENT)
  const minutes = quick ? 2 : 15
  const busiest = await simulate(1, minutes * 60)
  const { calls, bound, waited } = busiest
  const courses = [busiest]
  for (const everySeconds of [3, 10, 25]) courses.push(await simulate(everySeconds, minutes * 60))
  const where = 'A request per token every 1 s'
  const count = (value: number): string => value.toLocaleString('en-US')
  return {
    path: 'opaque',
    title: 'Opaque tokens',
    tables: [
      table(
        'concurrent',
        'One new token, many concurrent requests',
        [concurrent],
        [
          ['requests', 'requests', ({ requests }) => requests],
          ['accepted', 'accepted', ({ accepted }) => accepted],
          ['calls', 'calls to the issuer', ({ calls }) => calls],
          ['milliseconds', 'ms for all', ({ milliseconds }) => milliseconds, 1],
        ],
      ),
      table(
        'in-use',
        `${count(TOKENS)} tokens in use, lifetime ${LIFETIME_S} s, ${minutes} minutes of simulated time`,
        courses,
        [
          ['everySeconds', 'a request per token every s', ({ everySeconds }) => everySeconds],
          ['requests', 'requests', ({ requests }) => requests],
          ['calls', 'calls to the issuer', ({ calls }) => calls],
          ['bound', 'tokens × time / lifetime', ({ bound }) => bound],
          ['share', 'relative to that', ({ calls, bound }) => calls / bound, 2],
          ['waited', 'requests that waited', ({ waited }) => waited],
        ],
      ),
    ],
    goals: [
      goal(
        `Calls for ${count(CONCURRENT)} concurrent requests with one new token`,
        concurrent.calls,
        '',
        '<=',
        1,
      ),
      goal(`${where}: calls to the issuer relative to tokens × time / lifetime`, calls / bound, '×', '<=', 1),
      goal(`${where}: requests that waited for a refresh`, waited, '', '<=', 0),
    ],
    notes: [
      `The concurrent requests use a real server on loopback. The tokens in use belong to a simulated issuer that responds after ${RESPONSE_MS} ms of simulated time. Their requests arrive at random intervals between 0.5 and 1.5 times the stated one. The goals apply to one request per second, which is clearly a token in use. The bound is tokens × time / lifetime. The calls include the first call of each token.`,
    ],
  }
}

async function measureConcurrent(requests: number) {
  const issuer = await createTestIssuer()
  try {
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
    await verifier.ready()
    issuer.resetCalls()
    const authorization = `Bearer ${issuer.mintOpaque({ scopes: SCOPE })}`
    const started = performance.now()
    const decisions = await Promise.all(
      times(requests, () => verifier.authorize({ headers: { authorization } }, policy)),
    )
    const milliseconds = performance.now() - started
    const accepted = decisions.filter(({ outcome }) => outcome === 'accepted').length
    if (accepted !== requests)
      throw new Error(`${requests - accepted} of the concurrent requests were not accepted`)
    return { requests, accepted, calls: issuer.calls.introspection, milliseconds }
  } finally {
    await issuer.close()
  }
}

/** Sends requests with many tokens in simulated time. */
async function simulate(everySeconds: number, seconds: number) {
  const issuer = new SimulatedIssuer(RESPONSE_MS)
  let uncached = 0
  const verifier = createVerifier({
    issuers: [oauth({ ...issuer.options(), remote: { lifetime: LIFETIME_S, maxInFlight: 10_000 } })],
    clock: () => issuer.now,
    onDecision(event) {
      if (event.outcome !== 'accepted') throw new Error(`a token was refused: ${event.reason ?? ''}`)
      if (event.source !== 'cache') uncached += 1
    },
  })
  const random = randomNumbers(4)
  const interval = (): number => everySeconds * 1000 * (0.5 + random())
  const tokens = times(TOKENS, (index) => ({
    authorization: `Bearer token-${index}`,
    due: issuer.now + interval(),
  }))
  const until = issuer.now + seconds * 1000
  let requests = 0
  while (issuer.now < until) {
    for (const token of tokens) {
      if (issuer.now < token.due) continue
      token.due += interval()
      requests += 1
      void verifier.authorize({ headers: { authorization: token.authorization } }, policy)
    }
    await issuer.pass(STEP_MS)
  }
  await issuer.pass(RESPONSE_MS)
  const bound = (TOKENS * seconds) / LIFETIME_S
  // Without the first request of each token.
  return { everySeconds, requests, calls: issuer.calls, bound, waited: uncached - TOKENS }
}
