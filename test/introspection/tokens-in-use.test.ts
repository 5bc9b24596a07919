import { beforeAll, describe, expect, it } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { readPaper, rowsOf, sectionOf } from '../integration/docs/programs/support.js'
import { manualClock } from '../support/clock.js'
import { bearer, testBed, times } from '../support/test-bed.js'
import { nextTurn } from '../support/until.js'

const TOKENS = 100
const LIFETIME_S = 30
const SECONDS = 300
const STEP_S = 0.1
/** Reading a response takes several turns of the event loop. */
const TURNS_TO_READ = 8
const ISSUER = 'https://issuer.test'

interface Course {
  readonly requests: number
  readonly calls: number
  readonly waited: number
}

/** Returns a sequence of numbers from 0.5 to 1.5 that is evenly distributed and the same in every run. */
function intervals(): () => number {
  let count = 0
  return () => 0.5 + (((count += 1) * 0.618034) % 1)
}

/** An issuer that reports every token as active, one step of the clock after the call. */
function simulatedIssuer(now: () => number) {
  const pending: (() => void)[] = []
  let calls = 0
  const respond = async (): Promise<Response> => {
    calls += 1
    await new Promise<void>((resolve) => pending.push(resolve))
    return Response.json({ active: true, iss: ISSUER, client_id: 'billing', iat: now(), exp: now() + 86_400 })
  }
  return {
    calls: () => calls,
    issuer: oauth({
      issuer: ISSUER,
      audience: null,
      keys: false,
      introspection: { endpoint: `${ISSUER}/introspect`, clientId: 'orders', clientSecret: 'secret' },
      remote: { lifetime: LIFETIME_S, maxInFlight: 10_000 },
      fetch: respond,
    }),
    respondToAll: async (): Promise<void> => {
      const due = pending.splice(0)
      for (const resolve of due) resolve()
      for (let turn = due.length > 0 ? TURNS_TO_READ : 1; turn > 0; turn -= 1) await nextTurn()
    },
  }
}

/** Sends requests with many tokens, each of them about every given number of seconds. */
async function sendRequests(everySeconds: number): Promise<Course> {
  const { read, now, pass } = manualClock()
  const { issuer, calls, respondToAll } = simulatedIssuer(() => Math.floor(now()))
  let uncached = 0
  const verifier = createVerifier({
    issuers: [issuer],
    clock: read,
    onDecision({ outcome, reason, source }) {
      if (outcome !== 'accepted') throw new Error(`a token was refused: ${reason ?? ''}`)
      if (source !== 'cache') uncached += 1
    },
  })
  const next = intervals()
  const start = now()
  const tokens = times(TOKENS, (index) => ({ name: `token-${index}`, due: start + everySeconds * next() }))
  let requests = 0
  while (now() < start + SECONDS) {
    for (const token of tokens) {
      if (now() < token.due) continue
      token.due += everySeconds * next()
      requests += 1
      void verifier.authorize(bearer(token.name))
    }
    pass(STEP_S)
    await respondToAll()
  }
  // The first request of each token has to wait.
  return { requests, calls: calls(), waited: uncached - TOKENS }
}

describe(`${TOKENS} opaque tokens in use for ${SECONDS} seconds`, () => {
  const courses = new Map<number, Course>()
  beforeAll(async () => {
    for (const everySeconds of [1, 3, 10, 25]) courses.set(everySeconds, await sendRequests(everySeconds))
  })

  it('no request waits for a refresh if each token is used every few seconds', () => {
    expect([1, 3].map((every) => courses.get(every)?.waited)).toEqual([0, 0])
  })

  it('the issuer gets about one call per token and lifetime', () => {
    for (const { calls } of courses.values())
      expect(calls / ((TOKENS * SECONDS) / LIFETIME_S)).toBeLessThan(1.25)
  })

  it('docs/benchmarks.md shows the counts', () => {
    const rows = rowsOf(
      sectionOf(readPaper('docs/benchmarks.md'), 'Opaque tokens'),
      'a request per token every',
    )
    const counted = [...courses].map(([every, { requests, calls, waited }]) => ({
      'a request per token every': `${every} s`,
      'calls / (tokens × time / lifetime)': (calls / ((TOKENS * SECONDS) / LIFETIME_S)).toFixed(2),
      requests: requests.toLocaleString('en-US'),
      'requests that waited': waited.toLocaleString('en-US'),
    }))
    expect(rows).toEqual(counted)
  })
})

it('10,000 concurrent requests with one new token cause one call', async () => {
  const { issuer, verifier } = await testBed()
  const token = issuer.mintOpaque()
  const gate = issuer.gate('introspection')
  const decisions = times(10_000, () => verifier.authorize(bearer(token)))
  await gate.waiting
  gate.release()
  expect(new Set((await Promise.all(decisions)).map(({ outcome }) => outcome))).toEqual(new Set(['accepted']))
  expect(issuer.calls.introspection).toBe(1)
})
