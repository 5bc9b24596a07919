import { createVerifier, oauth } from '../../src/index.js'
import { createTestIssuer } from '../../src/testing/index.js'
import { askedFor, SimulatedIssuer } from '../fleet/simulated-issuer.js'
import { goal, type Effort, type Goal, type Report, type Table } from '../support/report.js'
import { randomNumbers } from '../support/statistics.js'
import { SCOPE, times } from '../support/tokens.js'

const HERD = 10_000
const TOKENS = 1000
const LIFETIME_S = 30
const STEP_MS = 100
/** How long the issuer takes, in simulated time. */
const ANSWER_MS = 20

/** What became of one rhythm of requests. */
interface Course {
  readonly everySeconds: number
  readonly requests: number
  readonly calls: number
  readonly bound: number
  /** Requests that were not answered from memory, a token's first apart. */
  readonly waited: number
}

/** Goal 4: opaque tokens, about which an issuer is asked. */
export async function opaque({ quick }: Effort): Promise<Report> {
  const herd = await herdOf(HERD)
  const minutes = quick ? 2 : 15
  const courses: Course[] = []
  for (const everySeconds of [1, 3, 10, 25]) courses.push(await follow(everySeconds, minutes * 60))
  return {
    path: 'opaque',
    title: 'Opaque tokens',
    tables: [herdTable(herd), courseTable(courses, minutes)],
    goals: [
      goal(
        `Calls for ${HERD.toLocaleString('en-US')} requests at once with one new token`,
        herd.calls,
        '',
        '<=',
        1,
      ),
      ...courses.slice(0, 1).flatMap(courseGoals),
    ],
    notes: [
      `The herd meets a real server on loopback. The tokens in use meet a simulated issuer that answers after ${ANSWER_MS} ms of simulated time; their requests come at random intervals between half and one and a half times the stated one. The goals are judged at one request a second, a token in use by any standard. The bound is tokens × time / lifetime; each token's first question is in the calls.`,
    ],
  }
}

interface Herd {
  readonly requests: number
  readonly accepted: number
  readonly calls: number
  readonly milliseconds: number
}

async function herdOf(requests: number): Promise<Herd> {
  const issuer = await createTestIssuer()
  try {
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
    await verifier.ready()
    issuer.resetCalls()
    const authorization = `Bearer ${issuer.mintOpaque({ scopes: SCOPE })}`
    const policy = { scopes: SCOPE, maxTokenAge: '12h' } as const
    const started = performance.now()
    const decisions = await Promise.all(
      times(requests, () => verifier.authorize({ headers: { authorization } }, policy)),
    )
    const milliseconds = performance.now() - started
    const accepted = decisions.filter(({ outcome }) => outcome === 'accepted').length
    if (accepted !== requests)
      throw new Error(`${requests - accepted} requests of the herd were not accepted`)
    return { requests, accepted, calls: issuer.calls.introspection, milliseconds }
  } finally {
    await issuer.close()
  }
}

/** Follows tokens through simulated time. */
async function follow(everySeconds: number, seconds: number): Promise<Course> {
  const issuer = new SimulatedIssuer({ answerMs: ANSWER_MS })
  let fromElsewhere = 0
  const verifier = createVerifier({
    issuers: [oauth({ ...askedFor(issuer), remote: { lifetime: LIFETIME_S, maxInFlight: 10_000 } })],
    clock: () => issuer.now,
    onDecision(event) {
      if (event.outcome !== 'accepted') throw new Error(`a token was refused: ${event.reason ?? ''}`)
      if (event.source !== 'cache') fromElsewhere += 1
    },
  })
  const random = randomNumbers(4)
  const between = (): number => everySeconds * 1000 * (0.5 + random())
  const policy = { scopes: SCOPE, maxTokenAge: '12h' } as const
  const tokens = times(TOKENS, (index) => ({
    authorization: `Bearer token-${index}`,
    due: issuer.now + between(),
  }))
  const until = issuer.now + seconds * 1000
  let requests = 0
  while (issuer.now < until) {
    for (const token of tokens) {
      if (issuer.now < token.due) continue
      token.due += between()
      requests += 1
      void verifier.authorize({ headers: { authorization: token.authorization } }, policy)
    }
    await issuer.pass(STEP_MS)
  }
  await issuer.pass(ANSWER_MS)
  const bound = (TOKENS * seconds) / LIFETIME_S
  return { everySeconds, requests, calls: issuer.calls, bound, waited: fromElsewhere - TOKENS }
}

function herdTable(herd: Herd): Table {
  return {
    id: 'herd',
    title: 'One new token, many requests at once',
    columns: [
      { key: 'requests', label: 'requests' },
      { key: 'accepted', label: 'accepted' },
      { key: 'calls', label: 'calls to the issuer' },
      { key: 'milliseconds', label: 'ms for all', digits: 1 },
    ],
    rows: [{ ...herd }],
  }
}

function courseTable(courses: readonly Course[], minutes: number): Table {
  return {
    id: 'in-use',
    title: `${TOKENS.toLocaleString('en-US')} tokens in use, lifetime ${LIFETIME_S} s, ${minutes} minutes of simulated time`,
    columns: [
      { key: 'everySeconds', label: 'a request per token every s' },
      { key: 'requests', label: 'requests' },
      { key: 'calls', label: 'calls to the issuer' },
      { key: 'bound', label: 'tokens × time / lifetime' },
      { key: 'share', label: 'of that', digits: 2 },
      { key: 'waited', label: 'requests that waited' },
    ],
    rows: courses.map((course) => ({ ...course, share: course.calls / course.bound })),
  }
}

function courseGoals({ calls, bound, waited, everySeconds }: Course): readonly Goal[] {
  const where = `A request per token every ${everySeconds} s`
  return [
    goal(`${where}: calls to the issuer, of tokens × time / lifetime`, calls / bound, '×', '<=', 1),
    goal(`${where}: requests that waited for a refresh`, waited, '', '<=', 0),
  ]
}
