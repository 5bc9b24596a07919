import { onTestFinished } from 'vitest'
import {
  createVerifier,
  oauth,
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
  type Fault,
  type MintJwtOptions,
  type TestIssuer,
} from '../../src/testing/index.js'
import {
  brokenGzip,
  deepJson,
  drip,
  dripHeaders,
  Flood,
  gzipBomb,
  hang,
  hangAfterHeaders,
  hangHalfway,
  htmlPage,
  says,
  utf16,
} from '../support/misbehaviours.js'
import { until, watchedFetch } from '../support/until.js'

export { until, watchedFetch }

/** What a caller is told. */
export interface Told {
  readonly status: number
  /** `'accepted'`, or why not. */
  readonly reason: string
  /** `Retry-After`, in seconds. */
  readonly retryAfter: number | undefined
  readonly challenge: string | undefined
}

/** A test issuer, a verifier of its tokens, and one clock for both that moves only when told to. */
export interface Site {
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  readonly events: readonly IssuerEvent[]
  /** Lets seconds pass. */
  readonly pass: (seconds: number) => void
  readonly clock: () => number
  /** A JWT that outlives every test, signed with a kind of key that is quickly made. */
  readonly jwt: (options?: MintJwtOptions) => string
  /** An opaque token that outlives every test. */
  readonly opaque: () => string
  readonly ask: (token: string, policy?: Policy) => Promise<Told>
  /** The health of the first issuer. */
  readonly health: () => IssuerHealth
}

export interface SiteOptions extends Partial<Omit<VerifierOptions, 'issuers' | 'clock'>> {
  readonly issuers?: (issuer: TestIssuer) => readonly Issuer[]
}

const START = Date.UTC(2026, 10, 21, 8)

export async function site(options: SiteOptions = {}): Promise<Site> {
  const { issuers = (by) => [oauth(by.oauth())], ...rest } = options
  let milliseconds = START
  const clock = (): number => milliseconds
  const issuer = await createTestIssuer({ clock })
  onTestFinished(() => issuer.close())
  const events: IssuerEvent[] = []
  const verifier = createVerifier({
    onIssuerEvent: (event) => {
      events.push(event)
    },
    ...rest,
    issuers: issuers(issuer),
    clock,
  })
  return {
    issuer,
    verifier,
    events,
    clock,
    pass(seconds) {
      milliseconds += Math.round(seconds * 1000)
    },
    jwt: (mint) => issuer.mintJwt({ algorithm: 'ES256', expiresIn: '30d', ...mint }),
    opaque: () => issuer.mintOpaque({ expiresIn: '30d' }),
    ask: (token, policy) => ask(verifier, token, policy),
    health: () => verifier.health().issuers[0]!,
  }
}

/** A site whose keys are at one address: calls are calls for keys. */
export function keySite(extra: Partial<OAuthOptions> = {}): Promise<Site> {
  return site({
    issuers: (by) => [oauth(by.oauth({ introspection: undefined, jwksUri: `${by.url}/jwks`, ...extra }))],
  })
}

/** A site that asks about opaque tokens at one address: calls are questions. */
export function remoteSite(remote: OAuthOptions['remote'] = {}, rest: SiteOptions = {}): Promise<Site> {
  return site({
    issuers: (by) => {
      const { clientId, clientSecret } = by.client
      const introspection = { clientId, clientSecret, endpoint: `${by.url}/introspect` }
      return [oauth(by.oauth({ jwksUri: `${by.url}/jwks`, introspection, remote }))]
    },
    ...rest,
  })
}

export async function ask(verifier: Verifier, token: string, policy?: Policy): Promise<Told> {
  const request = { headers: { authorization: `Bearer ${token}` } }
  const decision = await verifier.authorize(request, policy)
  if (decision.outcome === 'accepted') {
    return { status: 200, reason: 'accepted', retryAfter: undefined, challenge: undefined }
  }
  const { status, reason, headers } = decision.refusal
  const retryAfter = headers['Retry-After']
  return {
    status,
    reason,
    retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
    challenge: headers['WWW-Authenticate'],
  }
}

/** What undecidable looks like: come back after some seconds, and no word against the token. */
export function undecidable(reason: string, retryAfter: unknown): Record<keyof Told, unknown> {
  return { status: 503, reason, retryAfter, challenge: undefined }
}

/** So many at the same time. */
export function all<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)))
}

/** A JWT whose key id was made up. */
export function madeUp(site: Site, kid: string = crypto.randomUUID()): string {
  return site.jwt({ header: { kid } })
}

/** Something an issuer does instead of giving the answer that would have been good. */
type Misbehaviour = (good: string) => Fault

/** What can come whatever was asked for: its number where that was a document, and where it was a token. */
const MISBEHAVIOURS: readonly (readonly [
  document: string,
  question: string,
  name: string,
  make: Misbehaviour,
])[] = [
  ['F1', 'F29', 'a reset connection', () => 'reset'],
  ['F7', 'F29', 'no answer', () => hang],
  ['F7', 'F29', 'headers and no body', () => hangAfterHeaders],
  ['F7', 'F29', 'half a body', (good) => hangHalfway(good)],
  ['F8', 'F29', 'a body byte by byte', (good) => drip(good)],
  ['F8', 'F29', 'headers without end', () => dripHeaders],
  ['F8', 'F40', 'endless white space', () => new Flood(' ').handler],
  ['F10', 'F40', 'a gzip bomb', () => gzipBomb()],
  ['F10', 'F34', 'broken gzip', () => brokenGzip],
  ['F11', 'F33', 'a redirect to the same host', () => 'redirect'],
  ['F14', 'F34', 'a login page', () => htmlPage],
  ['F16', 'F34', 'half an answer', () => 'truncated'],
  ['F16', 'F34', 'an empty body', () => 'empty'],
  ['F16', 'F34', 'null', () => says(200, 'null')],
  ['F16', 'F34', 'UTF-16', (good) => says(200, utf16(good))],
  ['F16', 'F34', 'deep nesting', () => says(200, deepJson())],
]

/** What can come instead of a document, or of an answer to a question about a token: number and name, and how. */
export function misbehaviours(
  insteadOf: 'document' | 'question',
): readonly (readonly [name: string, make: Misbehaviour])[] {
  return MISBEHAVIOURS.map(([document, question, name, make]) => [
    `${insteadOf === 'document' ? document : question} ${name}`,
    make,
  ])
}
