import { onTestFinished } from 'vitest'
import {
  createVerifier,
  oauth,
  Refusal,
  type DecisionEvent,
  type Issuer,
  type Policy,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.js'
import { createTestIssuer, type MintJwtOptions, type TestIssuer } from '../../src/testing/index.js'

/** A whole second, so that the times in minted tokens are exactly these. */
export const START = Date.UTC(2026, 10, 21, 8)

/** A clock that moves only when told to. */
interface TestClock {
  readonly read: () => number
  /** Seconds since the epoch. */
  readonly now: () => number
  readonly pass: (seconds: number) => void
}

function testClock(): TestClock {
  let milliseconds = START
  return {
    read: () => milliseconds,
    now: () => milliseconds / 1000,
    pass(seconds) {
      milliseconds += Math.round(seconds * 1000)
    },
  }
}

/** A test issuer and a verifier of its tokens that live by one clock, gone when the test is. */
export interface Stage extends Pick<TestClock, 'now' | 'pass'> {
  readonly clock: () => number
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  /** What the verifier's observer was told. */
  readonly events: readonly DecisionEvent[]
  /** A JWT of the OAuth issuer, signed with a kind of key that is quickly made. */
  readonly jwt: (options?: MintJwtOptions) => string
  /** What `verify` comes to: `'accepted'`, or the reason. */
  readonly outcome: (token: string, policy?: Policy) => Promise<string>
}

export interface StageOptions extends Partial<Omit<VerifierOptions, 'issuers' | 'clock'>> {
  /** Default: the test issuer's OAuth issuer, with introspection. */
  readonly issuers?: (issuer: TestIssuer) => readonly Issuer[]
  readonly testIssuer?: Omit<NonNullable<Parameters<typeof createTestIssuer>[0]>, 'clock'>
}

export async function stage(options: StageOptions = {}): Promise<Stage> {
  const { issuers = (testIssuer) => [oauth(testIssuer.oauth())], testIssuer, ...rest } = options
  const { read, now, pass } = testClock()
  const issuer = await startIssuer({ ...testIssuer, clock: read })
  const events: DecisionEvent[] = []
  const verifier = createVerifier({
    onDecision: (event) => {
      events.push(event)
    },
    ...rest,
    issuers: issuers(issuer),
    clock: read,
  })
  onTestFinished(() => verifier.close())
  return {
    clock: read,
    now,
    pass,
    issuer,
    verifier,
    events,
    jwt: (mint) => issuer.mintJwt({ algorithm: 'ES256', ...mint }),
    outcome: (token, policy) => outcomeOf(verifier.verify(token, policy)),
  }
}

/** A test issuer that is gone when the test is. */
export async function startIssuer(options: Parameters<typeof createTestIssuer>[0]): Promise<TestIssuer> {
  const issuer = await createTestIssuer(options)
  onTestFinished(() => issuer.close())
  return issuer
}

/** `'accepted'` or the reason of the refusal; any other error fails the test. */
export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}

/** The refusal that must come. */
export async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  try {
    await work
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('accepted, and should have been refused')
}

/** A request with a bearer token. */
export function bearer(token: string): { readonly headers: { readonly authorization: string } } {
  return { headers: { authorization: `Bearer ${token}` } }
}

/** The same value so many times, for callers at the same time. */
export function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
