import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { createVerifier, type Verifier } from '../../../src/index.js'
import { manualClock } from '../../support/clock.js'
import { answerTo } from '../../support/outcomes.js'
import { startIssuer } from '../../support/test-bed.js'
import { attackRuns, count, LONGEST_ATTACK, printCounts } from './budget.js'
import { DIALECTS, type Dialect } from './dialects.js'
import { boundedHeap, expectFewWarnings, quietProcess } from './process.js'
import { calledPage, faultyResponses, plainly, strangeMembers, written, type Response } from './responses.js'

/** What must come of a response about a token. */
type Expectation = 'accepted' | 'not accepted' | 'undecidable' | 'inactive'

interface Case extends Response {
  readonly expected: Expectation
}

const POLICY = { scopes: 'orders:read' }
const MOST_BYTES = 8192

/** Maximum calls of one introspection: the call, its retry, and a probe with its retry. */
const CALLS_PER_QUESTION = 4

/** After it every pause is over, in seconds. */
const EVERY_PAUSE = 121

function casesOf({ facts, wrong, inactive, expiry }: Dialect): fc.Arbitrary<Case> {
  const good = strangeMembers.chain((strange) => written({ ...strange, ...facts }))
  const wrongMember = fc
    .constantFrom(
      ...Object.entries(wrong).flatMap(([name, values]) => values.map((value) => ({ name, value }))),
    )
    .chain(({ name, value }) =>
      written({ ...facts, [name]: value }).map((text) => plainly(`wrong ${name}`, text)),
    )
  const memberTwice = fc.constantFrom(...Object.entries(facts)).chain(([name, value]) =>
    good.map((text) => {
      const again = `${JSON.stringify(name)}:${JSON.stringify(value)}`
      return plainly('a member twice', `${text.slice(0, -1)},${again}}`)
    }),
  )
  const endless = written({ ...facts, [expiry]: 'endless' }).map((text) =>
    plainly('an endless expiry', text.replace('"endless"', '1e309')),
  )
  const deep = fc.integer({ min: 65, max: 1500 }).chain((depth) => {
    const nested: unknown = JSON.parse('['.repeat(depth) + ']'.repeat(depth))
    return written({ ...facts, deep: nested }).map((text) => plainly('deep members', text))
  })
  const no = strangeMembers
    .chain((strange) => written({ ...strange, ...facts, ...inactive }))
    .map((text) => plainly('inactive', text))
  const faulty = good.chain((text) =>
    fc.oneof({ weight: 12, arbitrary: faultyResponses(text, MOST_BYTES) }, calledPage(text)),
  )
  const weighted = (weight: number, expected: Expectation, responses: fc.Arbitrary<Response>) => ({
    weight,
    arbitrary: responses.map((response): Case => ({ ...response, expected })),
  })
  return fc.oneof(
    weighted(
      2,
      'accepted',
      good.map((text) => plainly('right', text)),
    ),
    weighted(6, 'undecidable', faulty),
    weighted(4, 'not accepted', wrongMember),
    weighted(1, 'not accepted', memberTwice),
    weighted(1, 'not accepted', endless),
    weighted(1, 'not accepted', deep),
    weighted(1, 'inactive', no),
  )
}

it.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))(
  'no response of %s is accepted wrongly, causes a wrong refusal, or is cached for long',
  async (_, dialect) => {
    const { read, pass } = manualClock()
    const issuer = await startIssuer({ clock: read })
    const process = quietProcess()
    const counts = new Map<string, number>()
    let asked = 0
    const guard = (): Verifier =>
      createVerifier({ issuers: [dialect.issuer(issuer, MOST_BYTES)], clock: read })
    // One verifier meets all responses in turn, so that what they leave behind adds up.
    const longLived = guard()
    onTestFinished(() => longLived.close())

    const check = async (verifier: Verifier, expected: Expectation, isFresh: boolean): Promise<string> => {
      const token = `${dialect.tokenPrefix}${(asked += 1)}`
      const before = issuer.calls[dialect.endpoint]
      const { reason, status } = await answerTo(verifier, token, POLICY)
      expect(issuer.calls[dialect.endpoint] - before).toBeLessThanOrEqual(CALLS_PER_QUESTION)
      // After failures the circuit may be open, so that a token is undecidable.
      if (!isFresh && status === 503) return reason
      if (expected === 'accepted') expect(reason).toBe('accepted')
      if (expected === 'inactive') expect(reason).toBe('token_inactive')
      if (expected === 'undecidable') expect(status, reason).toBe(503)
      if (expected === 'not accepted') expect(reason).not.toBe('accepted')
      return reason
    }

    const right = plainly('right', JSON.stringify(dialect.facts))
    const heap = boundedHeap()
    const runs = attackRuns(dialect.name, { short: 300, long: 15_000 })
    await fc.assert(
      fc.asyncProperty(fc.noShrink(casesOf(dialect)), async ({ name, handler, expected }) => {
        pass(1)
        issuer.fail(dialect.endpoint, handler)
        const verifier = guard()
        const reason = await check(verifier, expected, true)
        await check(longLived, expected, false)
        count(counts, `${name}: ${reason}`)
        // Whatever came before, the next valid response is accepted after the backoff.
        pass(EVERY_PAUSE)
        issuer.fail(dialect.endpoint, right.handler)
        await check(verifier, 'accepted', true)
        verifier.close()
        heap.sample()
      }),
      runs,
    )
    pass(EVERY_PAUSE)
    await check(longLived, 'accepted', true)
    printCounts(dialect.name, counts)
    expect(counts.size).toBeGreaterThan(30)
    expect(process.unhandled).toEqual([])
    expectFewWarnings(process.warnings, runs.numRuns + 1)
    heap.expectBounded()
  },
  LONGEST_ATTACK,
)
