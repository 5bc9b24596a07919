import { ConfigurationError } from '../../options/configuration-error.js'
import { TokenSourceError } from '../errors.js'
import { ANY_API } from '../token/refusal-pauses.js'
import type { AllowedOrigins } from './allowed-origins.js'
import { dispatchWith, type Dispatch } from './dispatch.js'
import { bufferedRequest, readRequest } from './read-request.js'
import { isStream, followRedirect, type Outgoing } from './redirect.js'
import { ageLimitOf, type RetryDecision } from './token-refusal.js'

/** The cached token of one audience and scope set. `api` identifies the API that a request is sent to. */
interface Tokens {
  readonly get: (signal: AbortSignal | undefined, api: string) => Promise<{ readonly token: string }>
  readonly replaceRefused: (
    refused: string,
    signal: AbortSignal | undefined,
    api: string,
  ) => Promise<string | undefined>
  readonly recordResponse: (token: string, isAccepted: boolean, api: string) => void
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
    // One API is also that of `forget`, which does not name it.
    const apiOf = ({ url }: Outgoing): string => (allowed.size > 1 ? url.origin : ANY_API)
    const authenticatedRequest = new AuthenticatedRequest(tokens, { apiOf, signal, ...settings })
    await authenticatedRequest.obtainToken(read.outgoing)
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

interface RequestSettings {
  /** Identifies the API that a request is sent to. */
  readonly apiOf: (request: Outgoing) => string
  readonly signal: AbortSignal | undefined
  readonly retryOn401: RetryDecision
}

/** One request along its redirects, with a token while the origin is allowed. */
class AuthenticatedRequest {
  readonly #find: () => Tokens
  readonly #tokens: Tokens
  readonly #settings: RequestSettings
  #token: string | undefined
  #isRetried = false

  constructor(find: () => Tokens, settings: RequestSettings) {
    this.#find = find
    this.#tokens = find()
    this.#settings = settings
  }

  async obtainToken(request: Outgoing): Promise<void> {
    const { signal, apiOf } = this.#settings
    this.#token = (await this.#tokens.get(signal, apiOf(request))).token
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
    const api = this.#settings.apiOf(request)
    const response = await dispatch(request, token)
    if (token === undefined || !(await this.#isRefused(token, response, api)) || this.#isRetried)
      return response
    if (isStream(request.body)) {
      // The stream cannot be sent again. The refused token is renewed for the next request.
      this.#replaceRefused(token, undefined, api).catch(() => undefined)
      return response
    }
    const replacement = await this.#replaceRefused(token, this.#settings.signal, api)
    if (replacement === undefined) return response
    this.#isRetried = true
    this.#token = replacement
    await drain(response)
    const second = await dispatch(request, replacement)
    await this.#isRefused(replacement, second, api)
    return second
  }

  async #replaceRefused(
    token: string,
    signal: AbortSignal | undefined,
    api: string,
  ): Promise<string | undefined> {
    let tokens: Tokens
    try {
      // Looked up again, because the entry may have been evicted meanwhile. It must not renew beside its successor.
      tokens = this.#find()
    } catch {
      // The source was closed, and the caller gets the response of the API.
      return undefined
    }
    return tokens.replaceRefused(token, signal, api)
  }

  /** Whether the API refuses the token. If the function `retryOn401` throws, the caller does not get the response. */
  async #isRefused(token: string, response: Response, api: string): Promise<boolean> {
    try {
      return this.#recordResponse(token, response, api)
    } catch (error) {
      await drain(response)
      throw error
    }
  }

  /** Records what a response says about the token. Returns whether the API refuses it. */
  #recordResponse(token: string, response: Response, api: string): boolean {
    if (response.status !== 401) {
      this.#tokens.recordResponse(token, true, api)
      return false
    }
    const ageLimit = ageLimitOf(response)
    if (ageLimit !== undefined) this.#tokens.limitAge(ageLimit)
    if (!this.#settings.retryOn401(response)) return false
    this.#tokens.recordResponse(token, false, api)
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
