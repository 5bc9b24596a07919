import type { Transport } from '../http/transport/transport.js'
import type { Result, Siblings, Table } from '../options/reader.js'
import { readOptions } from '../options/read-options.js'
import { unchecked } from '../options/readers.js'
import { TokenSourceError } from './errors.js'
import { authenticatedFetch } from './fetch/authenticated-fetch.js'
import type { Grant, SubjectToken, TokenParameters } from './grants/grant.js'
import type { SOURCE_OPTIONS } from './source-options.js'
import type { TokenRequest, TokenSource } from './source.js'
import { attemptToken, type AttemptSettings } from './token/attempt.js'
import { Backoff } from './token/backoff.js'
import { CachedToken, type CachedTokenSettings } from './token/cached-token.js'
import { TokenCache } from './token/token-cache.js'
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
  const { where, grant } = kind
  const { clock, renewAt, deadline: deadlineSeconds } = options
  const closing = new AbortController()
  const attempts: AttemptSettings = {
    clock,
    renewAt,
    renewNonExpiringAfter: kind.renewNonExpiringAfter,
    deadlineSeconds,
    grant,
    closing: closing.signal,
  }
  const settings: CachedTokenSettings = {
    clock,
    isRenewalBlocking: options.renewal === 'blocking',
    issuerBackoff: new Backoff(clock),
  }
  const cache = new TokenCache(
    options.maxTokens,
    (parameters, backoff) =>
      new CachedToken(settings, backoff ?? new Backoff(clock), (isFreshRequired) =>
        attemptToken(attempts, { parameters, isFreshRequired }),
      ),
  )
  const findToken = (request: Siblings): CachedToken => {
    closing.signal.throwIfAborted()
    return cache.get({
      ...tokenParameters(request, kind.defaults),
      subject: kind.subjectOf?.(request),
    })
  }
  const table = { ...kind.requestOptions, signal: unchecked<AbortSignal>('AbortSignal') }
  const send = authenticatedFetch({
    where,
    allowedOrigins: options.allowedOrigins,
    fetch: options.fetch,
  })
  return Object.freeze({
    getToken: async (request: TokenRequest = {}) => {
      const { signal, ...parameters } = readOptions('getToken', request, table)
      return findToken(parameters).get(signal)
    },
    fetch: async (url: string | URL | Request, init?: RequestInit, request: TokenRequest = {}) => {
      const parameters = readOptions('fetch', request, table)
      return send(() => findToken(parameters), url, init)
    },
    forget: (token: string) => {
      cache.forget(token)
    },
    close: () => {
      closing.abort(new TokenSourceError({ reason: 'source_closed', problem: `this ${where} is closed` }))
      cache.clear()
      kind.transport.close()
    },
  })
}
