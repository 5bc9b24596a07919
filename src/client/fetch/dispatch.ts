import { causesOf } from '../../http/exchange-error.js'
import type { ReadRequest } from './read-request.js'
import { isStream, type Outgoing } from './redirect.js'

/** Sends a request with a token, or without one. */
export type Dispatch = (request: Outgoing, token: string | undefined) => Promise<Response>

/**
 * Creates the function that sends a request and its redirects. A `Request` is passed to `fetch` as one, because it may hold a
 * dispatcher, such as a proxy or a client certificate. A redirect leads to another URL and is sent without the dispatcher.
 */
export function dispatchWith(
  send: typeof fetch,
  { outgoing: first, given, rest, redirect, signal }: ReadRequest,
): Dispatch {
  return async ({ url, method, headers, body }, token) => {
    const sentHeaders = new Headers(headers)
    if (token !== undefined) sentHeaders.set('authorization', `Bearer ${token}`)
    const init: RequestInit = {
      ...rest,
      ...(isStream(body) ? { duplex: 'half' as const } : {}),
      method,
      headers: sentHeaders,
      signal: signal ?? null,
      redirect: redirect === 'error' ? 'error' : 'manual',
      body: body ?? null,
    }
    const request = given !== undefined && url.href === first.url.href ? requestLike(given, init) : undefined
    if (request === undefined) return send(url.href, init)
    try {
      return await send(request)
    } catch (error) {
      if (!isForeignRequestError(error)) throw error
      return send(url.href, init)
    }
  }
}

/** Creates a request with the settings of a `Request`, in its class; `undefined` if that class does not allow it. */
function requestLike(given: Request, init: RequestInit): Request | undefined {
  const RequestClass = given.constructor as typeof Request
  // The settings of the given request apply without being repeated, except those that are changed.
  const { method, headers, signal, redirect, body } = init
  const changed = {
    ...init,
    method: method ?? 'GET',
    ...(headers === undefined ? {} : { headers }),
    ...(signal === undefined ? {} : { signal }),
    ...(redirect === undefined ? {} : { redirect }),
  }
  if (body === null && given.body !== null) return undefined
  try {
    return new RequestClass(given, changed)
  } catch {
    return undefined
  }
}

/**
 * Whether a custom `fetch` does not know the class of the request, and read it as a string. Nothing was sent then. Such a
 * `fetch` is that of another copy of undici.
 */
function isForeignRequestError(error: unknown): boolean {
  for (const item of causesOf(error)) {
    const { input } = item as { input?: unknown }
    if (item.message.includes('[object Request]') || input === '[object Request]') return true
  }
  return false
}
