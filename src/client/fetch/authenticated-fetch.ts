import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import type { AllowedOrigins } from './allowed-origins.js'
import { isStream, followRedirect, type Outgoing } from './redirect.js'
import { TokenSourceError } from '../errors.js'

/** The cached token of one audience and scope set. */
interface Tokens {
  readonly get: (signal: AbortSignal | undefined) => Promise<string>
  readonly replaceRefused: (refused: string, signal: AbortSignal | undefined) => Promise<string | undefined>
  readonly recordResponse: (token: string, isAccepted: boolean) => void
}

/** Settings of `source.fetch`. */
export interface SendingSettings {
  /** Name of the factory, for error messages. */
  readonly where: string
  readonly allowedOrigins: AllowedOrigins | undefined
  readonly fetch: typeof fetch | undefined
}

type Send = (
  tokens: () => Tokens,
  input: string | URL | Request,
  init: RequestInit | undefined,
) => Promise<Response>

/** Creates a `fetch` that sends the token to allowed origins only. */
export function authenticatedFetch(settings: SendingSettings): Send {
  return async (tokens, input, init = {}) => {
    const { outgoing, rest, redirect, signal } = readRequest(input, init)
    const allowed = requireAllowedOrigin(settings, outgoing)
    // Looked up per request, so that a replaced global `fetch` (by test tools) is used.
    const send = settings.fetch ?? fetch
    const authenticatedRequest = new AuthenticatedRequest(tokens(), signal)
    await authenticatedRequest.obtainToken()
    const dispatch = (
      { url, method, headers, body }: Outgoing,
      token: string | undefined,
    ): Promise<Response> => {
      const sentHeaders = new Headers(headers)
      if (token !== undefined) sentHeaders.set('authorization', `Bearer ${token}`)
      const streaming = isStream(body) ? { duplex: 'half' as const } : {}
      const options = { ...rest, ...streaming, method, headers: sentHeaders, signal: signal ?? null }
      return send(url.href, {
        ...options,
        redirect: redirect === 'error' ? 'error' : 'manual',
        body: body ?? null,
      })
    }
    let request = outgoing
    for (let followed = 0; ; followed += 1) {
      if (!allowed.has(request.url.origin)) authenticatedRequest.dropToken()
      const response = await authenticatedRequest.send(request, dispatch)
      const next = redirect === 'follow' ? await nextHop(request, response, followed) : undefined
      if (next === undefined) return response
      request = next
    }
  }
}

/** One request along its redirects, with a token while the origin is allowed. */
class AuthenticatedRequest {
  readonly #tokens: Tokens
  readonly #signal: AbortSignal | undefined
  #token: string | undefined
  #isRetried = false

  constructor(tokens: Tokens, signal: AbortSignal | undefined) {
    this.#tokens = tokens
    this.#signal = signal
  }

  async obtainToken(): Promise<void> {
    this.#token = await this.#tokens.get(this.#signal)
  }

  /**
   * The redirect leaves the allowed origins. The token is not attached again, even if a later redirect returns to
   * one.
   */
  dropToken(): void {
    this.#token = undefined
  }

  async send(
    request: Outgoing,
    dispatch: (request: Outgoing, token: string | undefined) => Promise<Response>,
  ): Promise<Response> {
    const token = this.#token
    const response = await dispatch(request, token)
    if (token === undefined) return response
    this.#tokens.recordResponse(token, response.status !== 401)
    if (response.status !== 401 || this.#isRetried) return response
    if (isStream(request.body)) {
      // The stream cannot be sent again. The refused token is renewed for the next request.
      this.#tokens.replaceRefused(token, undefined).catch(() => undefined)
      return response
    }
    const replacement = await this.#tokens.replaceRefused(token, this.#signal)
    if (replacement === undefined) return response
    this.#isRetried = true
    this.#token = replacement
    await drain(response)
    const second = await dispatch(request, replacement)
    this.#tokens.recordResponse(replacement, second.status !== 401)
    return second
  }
}

/** Cancels the body of a response that is not used, which releases its connection. */
async function drain(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}

async function nextHop(
  request: Outgoing,
  response: Response,
  followed: number,
): Promise<Outgoing | undefined> {
  let isUnused = true
  try {
    const next = followRedirect(request, response, followed)
    isUnused = next !== undefined
    return next
  } finally {
    if (isUnused) await drain(response)
  }
}

function requireAllowedOrigin({ where, allowedOrigins }: SendingSettings, { url }: Outgoing): AllowedOrigins {
  if (allowedOrigins === undefined) {
    throw new ConfigurationError(
      `${where}.allowedOrigins`,
      "is required for fetch. Set it to the origins that may receive the token, such as 'https://orders.internal'",
    )
  }
  if (allowedOrigins.has(url.origin)) return allowedOrigins
  throw new TokenSourceError({
    reason: 'request_not_sent',
    problem: `${url.origin} is not in allowedOrigins (${[...allowedOrigins].join(', ')})`,
    advice: 'Add it if this origin may receive the token',
  })
}

interface ReadRequest {
  readonly outgoing: Outgoing
  /** Options that are passed to `fetch` unchanged. */
  readonly rest: RequestInit
  readonly redirect: 'follow' | 'manual' | 'error'
  readonly signal: AbortSignal | undefined
}

/** Reads the arguments of `fetch`. Options in `init` take precedence over the `Request`, as in the fetch standard. */
function readRequest(input: string | URL | Request, init: RequestInit): ReadRequest {
  const request = typeof input === 'string' || input instanceof URL ? undefined : input
  if (request !== undefined && !isRecord(request)) throw invalidUrlError()
  const {
    method = request?.method,
    headers = request?.headers,
    redirect = request?.redirect,
    ...others
  } = init
  const { body = request?.body ?? null, signal = request?.signal, ...rest } = others
  if (request?.bodyUsed === true && init.body === undefined)
    throw new TypeError('fetch requires a Request whose body has not been read')
  const outgoing = {
    url: readUrl(request?.url ?? (input as string | URL)),
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
  return { outgoing, rest, redirect: readRedirect(redirect), signal: signal ?? undefined }
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
