import { TokenSourceError } from '../errors.js'

/** A request to send, without the token. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: RequestInit['body']
}

const REDIRECTS = [301, 302, 303, 307, 308]
const MAX_REDIRECTS = 20
/** Headers that describe the dropped body. */
const BODY_HEADERS = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
]
/** Headers that must not be sent to another origin. The list is the same as in undici. */
const SECRET_HEADERS = ['cookie', 'proxy-authorization', 'host']

/**
 * Returns the request that a redirect leads to (fetch standard, HTTP-redirect fetch), or `undefined` if the
 * response is not a redirect.
 *
 * @throws TokenSourceError `request_not_sent` for a redirect that must not be followed.
 */
export function followRedirect(
  request: Outgoing,
  response: Response,
  followed: number,
): Outgoing | undefined {
  const location = response.headers.get('location')
  if (!REDIRECTS.includes(response.status) || location === null) return undefined
  if (followed >= MAX_REDIRECTS) throw refusedRedirectError(`more than ${MAX_REDIRECTS} redirects`)
  const url = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw refusedRedirectError('a redirect whose location is not an http or https URL')
  if (url.username !== '' || url.password !== '')
    throw refusedRedirectError('a redirect to a URL with credentials')
  if (url.hash === '') url.hash = request.url.hash
  if (response.status !== 303 && isStream(request.body))
    throw refusedRedirectError('a redirect of a request whose body is a stream, which cannot be sent again')
  const headers = new Headers(request.headers)
  if (url.origin !== request.url.origin) for (const name of SECRET_HEADERS) headers.delete(name)
  if (!isChangedToGet(response.status, request.method)) return { ...request, url, headers }
  for (const name of BODY_HEADERS) headers.delete(name)
  return { url, method: 'GET', headers, body: null }
}

function isChangedToGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}

/** Whether a body is a stream, which can be sent only once. */
export function isStream(body: RequestInit['body']): boolean {
  if (typeof body !== 'object' || body === null) return false
  const isRepeatable =
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof URLSearchParams
  return !isRepeatable
}

function refusedRedirectError(problem: string): TokenSourceError {
  return new TokenSourceError({
    reason: 'request_not_sent',
    problem: `fetch received ${problem}`,
    advice: "Use redirect: 'manual' to receive the redirect response",
  })
}
