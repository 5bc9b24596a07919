import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import type { AllowedOrigins } from './allowed-origins.js'
import { isStream, redirected, type Outgoing } from './redirect.js'
import { TokenSourceError } from '../errors.js'

/** The tokens of one audience and scope set, as far as sending requests goes. */
interface Tokens {
  readonly get: (signal: AbortSignal | undefined) => Promise<string>
  readonly another: (refused: string, signal: AbortSignal | undefined) => Promise<string | undefined>
}

/** What sending depends on. */
export interface SendingSettings {
  /** The factory's name. */
  readonly where: string
  readonly allowedOrigins: AllowedOrigins | undefined
  readonly fetch: typeof fetch | undefined
}

type Send = (
  tokens: () => Tokens,
  input: string | URL | Request,
  init: RequestInit | undefined,
) => Promise<Response>

/** `fetch` with a token that goes to allowed origins only. */
export function authenticatedFetch(settings: SendingSettings): Send {
  return async (tokens, input, init = {}) => {
    const { outgoing, rest, redirect, signal } = readRequest(input, init)
    const allowed = allowedOf(settings, outgoing)
    // Looked up now, so that whoever replaces the global fetch later, as test tools do, is heeded.
    const send = settings.fetch ?? fetch
    const courier = new AuthenticatedRequest(tokens(), signal)
    await courier.start()
    const dispatch = (
      { url, method, headers, body }: Outgoing,
      token: string | undefined,
    ): Promise<Response> => {
      const sent = new Headers(headers)
      if (token !== undefined) sent.set('authorization', `Bearer ${token}`)
      const streaming = isStream(body) ? { duplex: 'half' as const } : {}
      const how = { ...rest, ...streaming, method, headers: sent, signal: signal ?? null }
      return send(url.href, {
        ...how,
        redirect: redirect === 'error' ? 'error' : 'manual',
        body: body ?? null,
      })
    }
    let request = outgoing
    for (let followed = 0; ; followed += 1) {
      if (!allowed.has(request.url.origin)) courier.leave()
      const response = await courier.deliver(request, dispatch)
      const next = redirect === 'follow' ? await nextHop(request, response, followed) : undefined
      if (next === undefined) return response
      request = next
    }
  }
}

/** Carries one request from address to address, with a token as long as it may. */
class AuthenticatedRequest {
  readonly #tokens: Tokens
  readonly #signal: AbortSignal | undefined
  #token: string | undefined
  #isRetried = false

  constructor(tokens: Tokens, signal: AbortSignal | undefined) {
    this.#tokens = tokens
    this.#signal = signal
  }

  async start(): Promise<void> {
    this.#token = await this.#tokens.get(this.#signal)
  }

  /** The way leads to an origin that must not have the token. Whoever sent us there does not decide where it goes next. */
  leave(): void {
    this.#token = undefined
  }

  async deliver(
    request: Outgoing,
    dispatch: (request: Outgoing, token: string | undefined) => Promise<Response>,
  ): Promise<Response> {
    const token = this.#token
    const response = await dispatch(request, token)
    if (response.status !== 401 || token === undefined || this.#isRetried) return response
    if (isStream(request.body)) {
      // It cannot be sent again, but the next request must not go out with a token that is refused.
      this.#tokens.another(token, undefined).catch(() => undefined)
      return response
    }
    const another = await this.#tokens.another(token, this.#signal)
    if (another === undefined) return response
    this.#isRetried = true
    this.#token = another
    await drain(response)
    return dispatch(request, another)
  }
}

/** Lets go of an answer that nobody will read, and with it of its connection. */
async function drain(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}

async function nextHop(
  request: Outgoing,
  response: Response,
  followed: number,
): Promise<Outgoing | undefined> {
  let isDone = true
  try {
    const next = redirected(request, response, followed)
    isDone = next !== undefined
    return next
  } finally {
    if (isDone) await drain(response)
  }
}

function allowedOf({ where, allowedOrigins }: SendingSettings, { url }: Outgoing): AllowedOrigins {
  if (allowedOrigins === undefined) {
    throw new ConfigurationError(
      `${where}.allowedOrigins`,
      "is required for fetch: the origins the token may be sent to, such as 'https://orders.internal'",
    )
  }
  if (allowedOrigins.has(url.origin)) return allowedOrigins
  throw new TokenSourceError({
    reason: 'request_not_sent',
    problem: `${url.origin} is not among the allowedOrigins (${[...allowedOrigins].join(', ')}), so it gets no token`,
    advice: 'Add it there if it may have the token',
  })
}

interface ReadRequest {
  readonly outgoing: Outgoing
  /** What is passed on as it is. */
  readonly rest: RequestInit
  readonly redirect: 'follow' | 'manual' | 'error'
  readonly signal: AbortSignal | undefined
}

/** Takes apart what fetch is called with; `init` goes before what a `Request` says, as in the fetch standard. */
function readRequest(input: string | URL | Request, init: RequestInit): ReadRequest {
  const source = typeof input === 'string' || input instanceof URL ? undefined : input
  if (source !== undefined && !isRecord(source)) throw notAnAddress()
  const { method = source?.method, headers = source?.headers, redirect = source?.redirect, ...others } = init
  const { body = source?.body ?? null, signal = source?.signal, ...rest } = others
  if (source?.bodyUsed === true && init.body === undefined)
    throw new TypeError('fetch was given a Request whose body has been read')
  const outgoing = {
    url: readUrl(source?.url ?? (input as string | URL)),
    method: normalised(method ?? 'GET'),
    headers: new Headers(headers ?? {}),
    body,
  }
  if (outgoing.headers.has('authorization')) {
    throw new ConfigurationError('fetch.headers', 'must not hold authorization: the token source writes it')
  }
  return { outgoing, rest, redirect: readRedirect(redirect), signal: signal ?? undefined }
}

/** Checked here, because the fetch that is called gets another. */
function readRedirect(value: RequestInit['redirect']): ReadRequest['redirect'] {
  if (value === undefined) return 'follow'
  if (!['follow', 'manual', 'error'].includes(value))
    throw new ConfigurationError('fetch.redirect', "must be 'follow', 'manual' or 'error'")
  return value
}

function readUrl(input: string | URL): URL {
  if (!URL.canParse(String(input))) throw notAnAddress()
  const url = new URL(String(input))
  if (url.username !== '' || url.password !== '')
    throw new ConfigurationError('fetch.url', 'must not hold a user name or password')
  return url
}

function notAnAddress(): ConfigurationError {
  return new ConfigurationError('fetch.url', 'must be an absolute address, a URL or a Request')
}

/** The fetch standard writes these methods in capitals and leaves the others as they are. */
function normalised(method: string): string {
  return /^(?:get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method
}
