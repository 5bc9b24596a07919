import { setMaxListeners } from 'node:events'
import type { Transport } from '../http/transport/transport.js'
import { optional, type Result, type Siblings, type Table, type TableOf } from '../options/reader.js'
import { tokensInternalsOf, type TokensInternals } from '../store/tokens.js'
import { warnOfInsecureHosts } from '../options/insecure-hosts.js'
import { readOptions } from '../options/read-options.js'
import { abortSignal, func } from '../options/readers.js'
import type { TokenSourceEvent, TokenSourceObserver } from '../model/token-source-event.js'
import { ObserverList } from '../telemetry/observer-list.js'
import { TokenSourceError } from './errors.js'
import { authenticatedFetch } from './fetch/authenticated-fetch.js'
import type { Grant, SubjectToken, TokenParameters } from './grants/grant.js'
import type { SOURCE_OPTIONS } from './source-options.js'
import type { TokenRequest, TokenSource, TokenSourceObservers } from './source.js'
import { sourceHealth } from './health.js'
import { attemptToken } from './token/attempt.js'
import { Backoff, IssuerBackoff } from './token/backoff.js'
import { CachedToken } from './token/cached-token.js'
import { HeldToken, readMoment, type LifetimeSettings } from './token/held-token.js'
import { KnownTokens } from './token/known-tokens.js'
import { RefusalPauses } from './token/refusal-pauses.js'
import { RequestSlots } from './token/request-slots.js'
import { SharedGrant } from './token/shared-grant.js'
import { TokenCache } from './token/token-cache.js'
import { TokenReport, type ReportSettings } from './token/token-report.js'
import type { CachedTokenSettings } from './token/token-set.js'
import { tokenParameters } from './token-request.js'

/** What differs between `tokenSource` and `clerkTokenSource`. */
export interface SourceKind {
  /** Name of the factory, for error messages. */
  readonly where: string
  /** Token parameters that a request does not specify. */
  readonly defaults: TokenParameters
  /** Options of one token request, except `signal`. */
  readonly requestOptions: Table
  /** Reads the token of a request that grants or is exchanged for the requested one. */
  readonly subjectOf?: (request: Siblings) => SubjectToken | undefined
  /** Age in seconds at which a token that never expires is renewed. */
  readonly renewNonExpiringAfter: number
  readonly grant: Grant
  /** Transport of the grant's requests. */
  readonly transport: Transport
}

/** Creates a token source from its grant and its options. */
export function createSource(kind: SourceKind, options: Result<typeof SOURCE_OPTIONS>): TokenSource {
  const { where } = kind
  const closing = new AbortController()
  // Every token request listens to it, and Node warns of more than 10 listeners.
  setMaxListeners(0, closing.signal)
  warnOfInsecureHosts(options.insecureHosts)
  const issuerBackoff = new IssuerBackoff(options.clock)
  const observers = new ObserverList<TokenSourceEvent>()
  if (options.onEvent !== undefined) observers.add(options.onEvent)
  const cache = createCache(kind, options, { closing: closing.signal, issuerBackoff, observers })
  const table = { ...kind.requestOptions, signal: optional(abortSignal) }
  const findToken = (parameters: TokenParameters): CachedToken => {
    closing.signal.throwIfAborted()
    return cache.get(parameters)
  }
  const read = (method: string, request: TokenRequest = {}): ReadTokenRequest => {
    const { signal, ...requested } = readOptions(method, request, table)
    const parameters = { ...tokenParameters(requested, kind.defaults), subject: kind.subjectOf?.(requested) }
    return { signal, parameters }
  }
  const { allowedOrigins, fetch, retryOn401 } = options
  const send = authenticatedFetch({ where, allowedOrigins, fetch, retryOn401 })
  const close = (): void => {
    closing.abort(new TokenSourceError({ reason: 'source_closed', problem: `this ${where} is closed` }))
    cache.clear()
    kind.transport.close()
  }
  return Object.freeze<TokenSource>({
    getToken: async (request) => {
      const { parameters, signal } = read('getToken', request)
      return (await findToken(parameters).get(signal)).token
    },
    getTokenInfo: async (request) => {
      const { parameters, signal } = read('getTokenInfo', request)
      const { token, expiresAt, scopes = parameters.scopes } = await findToken(parameters).get(signal)
      return Object.freeze({ token, expiresAt, scopes })
    },
    refresh: async (request) => {
      const { parameters, signal } = read('refresh', request)
      return (await findToken(parameters).refresh(signal)).token
    },
    ready: async (request) => {
      const { parameters, signal } = read('ready', request)
      await findToken(parameters).get(signal)
    },
    fetch: async (url, init, request) => {
      const { parameters, signal } = read('fetch', request)
      return send(() => findToken(parameters), url, init, signal)
    },
    forget: (token) => {
      for (const entry of cache.entries) entry.forget(token)
    },
    reset: () => {
      issuerBackoff.reset()
      cache.reset()
    },
    health: () =>
      sourceHealth(
        cache.entries.map((entry) => entry.health),
        options.insecureHosts,
        options.tokens?.health(),
      ),
    observe: (observer) => {
      const { onEvent } = readOptions('observe', observer, OBSERVER)
      return onEvent === undefined ? () => undefined : observers.add(onEvent)
    },
    close,
    [Symbol.asyncDispose]: () => {
      close()
      return Promise.resolve()
    },
  })
}

/** The checked parameters of a call. */
interface ReadTokenRequest {
  readonly parameters: TokenParameters
  readonly signal: AbortSignal | undefined
}

/** Readers of the functions of an observer. */
const OBSERVER = { onEvent: optional(func<TokenSourceObserver>()) } satisfies TableOf<TokenSourceObservers>

/** What all sets of a source share. */
interface Shared {
  readonly closing: AbortSignal
  readonly issuerBackoff: IssuerBackoff
  readonly observers: ObserverList<TokenSourceEvent>
}

function createCache(
  { where, grant, renewNonExpiringAfter }: SourceKind,
  options: Result<typeof SOURCE_OPTIONS>,
  { closing, issuerBackoff, observers }: Shared,
): TokenCache {
  const { clock, renewAt, margin, maxAge, deadline: deadlineSeconds } = options
  const lifetimes = { clock, renewAt, renewNonExpiringAfter, margin, maxAge }
  const known = new KnownTokens(() =>
    cache.entries.flatMap(({ held }) => (held === undefined ? [] : [held.token])),
  )
  const attempts = { ...lifetimes, deadlineSeconds, closing, known }
  const reports: ReportSettings = { where, clock, observers, warned: { isWarned: false } }
  const tokens = tokensInternalsOf(options.tokens)
  const settings: CachedTokenSettings = {
    clock,
    isRenewalBlocking: options.renewal === 'blocking',
    issuerBackoff,
    slots: new RequestSlots(options.maxConcurrent),
    isAgeLimited: maxAge !== undefined,
  }
  const cache: TokenCache = new TokenCache(options.maxTokens, ({ subject, ...named }, limits) => {
    const parameters = { ...named, subject }
    // Without the subject token, which must not appear in an event.
    const report = new TokenReport(reports, named)
    const shared = tokens && shareTokens(grant, tokens, lifetimes, report)
    return new CachedToken(settings, {
      backoff: limits?.backoff ?? new Backoff(clock),
      refusals: limits?.refusals ?? new RefusalPauses(clock),
      report,
      attempt: (needs) => attemptToken({ ...attempts, grant: shared ?? grant }, { parameters, ...needs }),
      onRefused: (token) => void shared?.remove(parameters, token),
    })
  })
  return cache
}

function shareTokens(
  grant: Grant,
  tokens: TokensInternals,
  lifetimes: LifetimeSettings,
  report: TokenReport,
): SharedGrant {
  const { clock } = lifetimes
  return new SharedGrant({
    grant,
    tokens,
    clock,
    isUsable: (issued) => {
      const moment = readMoment(clock)
      const held = new HeldToken(issued, moment, lifetimes)
      return held.isUsable(moment) && !held.isDue(moment, Number.POSITIVE_INFINITY)
    },
    tell: (change, detail) => {
      report.store(change, detail)
    },
  })
}
