import { afterAll, beforeAll, onTestFinished } from 'vitest'
import {
  createVerifier,
  oauth,
  type DecisionEvent,
  type Issuer,
  type IssuerEvent,
  type IssuerHealth,
  type OAuthOptions,
  type Policy,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.js'
import {
  createTestIssuer,
  type OptionOverrides,
  type MintJwtOptions,
  type MintOpaqueOptions,
  type MintOptions,
  type TestIssuer,
  type TestIssuerOptions,
} from '../../src/testing/index.js'
import type { AtEnd } from './at-end.js'
import { manualClock, START, type TestClock } from './clock.js'
import { answerTo, outcomeOf, type Answer, type Outcome } from './outcomes.js'

/** A test issuer on loopback, a verifier of its tokens, and the one clock that both use. */
export interface TestBed extends Pick<TestClock, 'now' | 'pass'> {
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  /** The decision events of the verifier. */
  readonly events: DecisionEvent[]
  /** The issuer events of the verifier. */
  readonly issuerEvents: IssuerEvent[]
  /** Mints a JWT of the OAuth issuer, signed with a kind of key that is generated quickly. */
  readonly jwt: (options?: MintJwtOptions) => string
  /** Mints an opaque token of the OAuth issuer. */
  readonly opaque: (options?: MintOpaqueOptions) => string
  /** The outcome of `verify`. */
  readonly outcome: (token: string, policy?: Policy) => Promise<Outcome>
  /** What the sender of a request with this token gets. */
  readonly answer: (token: string, policy?: Policy) => Promise<Answer>
  /** The health of the first issuer. */
  readonly health: () => IssuerHealth
}

export interface TestBedOptions extends Partial<Omit<VerifierOptions, 'issuers' | 'clock'>> {
  /** @defaultValue the test issuer's OAuth issuer, with introspection */
  readonly issuers?: (issuer: TestIssuer) => readonly Issuer[]
  readonly testIssuer?: Omit<TestIssuerOptions, 'clock'>
  /** Defaults for the tokens of `jwt` and `opaque`. */
  readonly mint?: MintOptions
  /** @defaultValue a manual clock */
  readonly clock?: TestClock
  /** When to close issuer and verifier. @defaultValue after the test */
  readonly atEnd?: AtEnd
}

/** Starts a test issuer and creates a verifier of its tokens; both are closed after the test. */
export async function testBed(options: TestBedOptions = {}): Promise<TestBed> {
  const {
    issuers = (testIssuer) => [oauth(testIssuer.oauth())],
    testIssuer,
    mint,
    clock: { read, now, pass } = manualClock(),
    atEnd = onTestFinished,
    ...verifierOptions
  } = options
  const issuer = await startIssuer({ ...testIssuer, clock: read }, atEnd)
  const observed = observedVerifier({ ...verifierOptions, issuers: issuers(issuer), clock: read })
  const { verifier } = observed
  atEnd(() => verifier.close())
  return {
    clock: read,
    now,
    pass,
    issuer,
    ...observed,
    jwt: (extra) => issuer.mintJwt({ algorithm: 'ES256', ...mint, ...extra }),
    opaque: (extra) => issuer.mintOpaque({ ...mint, ...extra }),
    outcome: (token, policy) => outcomeOf(verifier.verify(token, policy)),
    answer: (token, policy) => answerTo(verifier, token, policy),
    health: () => verifier.health().issuers[0]!,
  }
}

/** A verifier and the events of its observers. */
export type ObservedVerifier = Pick<TestBed, 'verifier' | 'events' | 'issuerEvents'>

/** Creates a verifier whose events are recorded, so that failures of the issuer cause no warning. */
export function observedVerifier(options: VerifierOptions): ObservedVerifier {
  const events: DecisionEvent[] = []
  const issuerEvents: IssuerEvent[] = []
  const verifier = createVerifier({
    onDecision: (event) => void events.push(event),
    onIssuerEvent: (event) => void issuerEvents.push(event),
    ...options,
  })
  return { verifier, events, issuerEvents }
}

/** One bed for all tests of a file or a describe block. */
export function sharedBed<T>(start: (atEnd: AtEnd) => Promise<T>): { readonly bed: T } {
  const shared: { bed: T } = { bed: undefined as T }
  const cleanups: (() => void | Promise<void>)[] = []
  beforeAll(async () => {
    shared.bed = await start((cleanup) => cleanups.push(cleanup))
  })
  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })
  return shared
}

/** Starts a test issuer, by default with a clock that stands still; it is closed after the test. */
export async function startIssuer(
  options: TestIssuerOptions = {},
  atEnd: AtEnd = onTestFinished,
): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ clock: () => START, ...options })
  atEnd(() => issuer.close())
  return issuer
}

/** Options for tokens that do not expire during any test. */
export const LONG_LIVED = { expiresIn: '30d' } as const

/** A bed whose verifier only fetches keys, from one URL: every call to the issuer is for its JWKS. */
export function jwksBed(
  extra: OptionOverrides<OAuthOptions> = {},
  options: TestBedOptions = {},
): Promise<TestBed> {
  return testBed({
    mint: LONG_LIVED,
    ...options,
    issuers: (by) => [oauth(by.oauth({ introspection: undefined, jwksUri: `${by.url}/jwks`, ...extra }))],
  })
}

/** A bed whose verifier introspects at one URL without discovery. */
export function introspectionBed(
  remote: NonNullable<OAuthOptions['remote']> = {},
  options: TestBedOptions = {},
): Promise<TestBed> {
  return testBed({
    mint: LONG_LIVED,
    issuers: (by) => {
      const { clientId, clientSecret } = by.client
      const introspection = { clientId, clientSecret, endpoint: `${by.url}/introspect` }
      return [oauth(by.oauth({ jwksUri: `${by.url}/jwks`, introspection, remote }))]
    },
    ...options,
  })
}

/** A request with a bearer token. */
export function bearer(token: string): { readonly headers: { readonly authorization: string } } {
  return { headers: { authorization: `Bearer ${token}` } }
}

/** Runs `make` a number of times without waiting, for concurrent requests. */
export function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

/** Runs `make` a number of times concurrently. */
export function concurrently<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(times(count, make))
}
