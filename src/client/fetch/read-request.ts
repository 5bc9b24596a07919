import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { bufferBody } from './buffered-body.js'
import type { Outgoing } from './redirect.js'

/** The arguments of `source.fetch`. */
export interface ReadRequest {
  readonly outgoing: Outgoing
  /** The `Request` that was passed to `fetch`; it may hold a dispatcher, which cannot be read. */
  readonly given: Request | undefined
  /** Options that are passed to `fetch` unchanged. */
  readonly rest: RequestInit
  readonly redirect: 'follow' | 'manual' | 'error'
  readonly signal: AbortSignal | undefined
}

/**
 * Reads the arguments of `fetch`. Options in `init` take precedence over the `Request`, as in the fetch standard. The body is
 * not read yet: see {@link bufferedRequest}.
 */
export function readRequest(
  input: string | URL | Request,
  init: RequestInit,
  waitSignal: AbortSignal | undefined,
): ReadRequest {
  const given = typeof input === 'string' || input instanceof URL ? undefined : input
  if (given !== undefined && !isRecord(given)) throw invalidUrlError()
  const { method = given?.method, headers = given?.headers, redirect = given?.redirect, ...others } = init
  const { body = given?.body ?? null, signal = given?.signal, ...rest } = others
  if (given?.bodyUsed === true && init.body === undefined)
    throw new TypeError('fetch requires a Request whose body has not been read')
  const outgoing = {
    url: readUrl(given?.url ?? (input as string | URL)),
    method: normalizeMethod(method ?? 'GET'),
    headers: new Headers(headers ?? {}),
    body,
  }
  if (outgoing.headers.has('authorization')) {
    throw new ConfigurationError(
      'fetch.headers',
      'must not contain authorization, because the token source sets it',
    )
  }
  return {
    outgoing,
    given,
    rest: { ...settingsOf(given), ...rest },
    redirect: readRedirect(redirect),
    signal: combine(signal ?? undefined, waitSignal),
  }
}

/** Reads the body of a `Request`, so that it can be sent again if it is not too large. */
export async function bufferedRequest(request: ReadRequest): Promise<Outgoing> {
  const { given, outgoing } = request
  if (given === undefined || outgoing.body === null || outgoing.body !== given.body) return outgoing
  return { ...outgoing, body: await bufferBody(given.body) }
}

/** Settings of a `Request`, for the case that it cannot be passed to `fetch` itself. */
function settingsOf(given: Request | undefined): RequestInit {
  if (given === undefined) return {}
  const { cache, credentials, integrity, keepalive, mode, referrer, referrerPolicy } = given
  const settings = { cache, credentials, integrity, keepalive, mode, referrer, referrerPolicy }
  const isSet = ([, value]: readonly [string, unknown]): boolean => value !== undefined && value !== ''
  return Object.fromEntries(Object.entries(settings).filter(isSet))
}

function combine(first: AbortSignal | undefined, second: AbortSignal | undefined): AbortSignal | undefined {
  return first === undefined || second === undefined ? (first ?? second) : AbortSignal.any([first, second])
}

/** Validated here, because the underlying `fetch` is called with another value. */
function readRedirect(value: RequestInit['redirect']): ReadRequest['redirect'] {
  if (value === undefined) return 'follow'
  if (!['follow', 'manual', 'error'].includes(value))
    throw new ConfigurationError('fetch.redirect', "must be 'follow', 'manual' or 'error'")
  return value
}

function readUrl(input: string | URL): URL {
  if (!URL.canParse(String(input))) throw invalidUrlError()
  const url = new URL(String(input))
  if (url.username !== '' || url.password !== '')
    throw new ConfigurationError('fetch.url', 'must not contain a user name or password')
  return url
}

function invalidUrlError(): ConfigurationError {
  return new ConfigurationError('fetch.url', 'must be an absolute URL or a Request')
}

/** The fetch standard converts these methods to upper case and leaves all others unchanged. */
function normalizeMethod(method: string): string {
  return /^(?:get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method
}
