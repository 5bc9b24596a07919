import { ConfigurationError } from '../../options/configuration-error.js'
import { TokenSourceError } from '../errors.js'
import type { AllowedOrigins } from './allowed-origins.js'
import { dispatchWith, type Dispatch } from './dispatch.js'
import { bufferedRequest, readRequest } from './read-request.js'
import { isStream, followRedirect, type Outgoing } from './redirect.js'
import { ageLimitOf, type RetryDecision } from './token-refusal.js'

/** The cached token of one audience and scope set. */
interface Tokens {
  readonly get: (signal: AbortSignal | undefined) => Promise<{ readonly token: string }>
  readonly replaceRefused: (refused: string, signal: AbortSignal | undefined) => Promise<string | undefined>
  readonly recordResponse: (token: string, isAccepted: boolean) => void
  readonly limitAge: (seconds: number) => void
}

/** Settings of `source.fetch`. */
export interface SendingSettings {
  /** Name of the factory, for error messages. */
  readonly where: string
  readonly allowedOrigins: AllowedOrigins | undefined
  readonly fetch: typeof fetch | undefined
  readonly retryOn401: RetryDecision
}

type Send = (
  tokens: () => Tokens,
  input: string | URL | Request,
  init: RequestInit | undefined,
  signal: AbortSignal | undefined,
) => Promise<Response>

/** Creates a `fetch` that sends the token to allowed origins only. */
export function authenticatedFetch(settings: SendingSettings): Send {
  return async (tokens, input, init = {}, waitSignal) => {
    const read = readRequest(input, init, waitSignal)
    const allowed = requireAllowedOrigin(settings, read.outgoing)
    const { redirect, signal } = read
    // Looked up per request, so that a replaced global `fetch` (by test tools) is used.
    const dispatch = dispatchWith(settings.fetch ?? fetch, read)
    const authenticatedRequest = new AuthenticatedRequest(tokens, signal, settings.retryOn401)
    await authenticatedRequest.obtainToken()
    let request = await bufferedRequest(read)
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
  readonly #find: () => Tokens
  readonly #tokens: Tokens
  readonly #signal: AbortSignal | undefined
  #token: string | undefined
  readonly #isTokenRefusal: RetryDecision
  #isRetried = false

  constructor(find: () => Tokens, signal: AbortSignal | undefined, isTokenRefusal: RetryDecision) {
    this.#find = find
    this.#tokens = find()
    this.#signal = signal
    this.#isTokenRefusal = isTokenRefusal
  }

  async obtainToken(): Promise<void> {
    this.#token = (await this.#tokens.get(this.#signal)).token
  }

  /**
   * The redirect leaves the allowed origins. The token is not attached again, even if a later redirect returns to
   * one.
   */
  dropToken(): void {
    this.#token = undefined
  }

  async send(request: Outgoing, dispatch: Dispatch): Promise<Response> {
    const token = this.#token
    const response = await dispatch(request, token)
    if (token === undefined || !this.#isRefused(token, response) || this.#isRetried) return response
    if (isStream(request.body)) {
      // The stream cannot be sent again. The refused token is renewed for the next request.
      this.#replaceRefused(token, undefined).catch(() => undefined)
      return response
    }
    const replacement = await this.#replaceRefused(token, this.#signal)
    if (replacement === undefined) return response
    this.#isRetried = true
    this.#token = replacement
    await drain(response)
    const second = await dispatch(request, replacement)
    this.#isRefused(replacement, second)
    return second
  }

  async #replaceRefused(token: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    let tokens: Tokens
    try {
      // Looked up again, because the entry may have been evicted meanwhile. It must not renew beside its successor.
      tokens = this.#find()
    } catch {
      // The source was closed, and the caller gets the response of the API.
      return undefined
    }
    return tokens.replaceRefused(token, signal)
  }

  /** Whether the API refuses the token. Records what the response says about it. */
  #isRefused(token: string, response: Response): boolean {
    if (response.status !== 401) {
      this.#tokens.recordResponse(token, true)
      return false
    }
    const ageLimit = ageLimitOf(response)
    if (ageLimit !== undefined) this.#tokens.limitAge(ageLimit)
    if (!this.#isTokenRefusal(response)) return false
    this.#tokens.recordResponse(token, false)
    return true
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
