import { TokenSourceError } from '../errors.js'

/** A request as it goes out, without the token. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: RequestInit['body']
}

const REDIRECTS = [301, 302, 303, 307, 308]
const MOST_REDIRECTS = 20
/** What describes a body that is no longer sent. */
const BODY_HEADERS = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
]
/** What a server was given and another must not get; as undici does. */
const SECRET_HEADERS = ['cookie', 'proxy-authorization', 'host']

/**
 * The request that a redirect asks for, by the fetch standard (HTTP-redirect fetch); undefined for an answer that is
 * no redirect.
 *
 * @throws TokenSourceError `request_not_sent` for one that must not be followed.
 */
export function redirected(request: Outgoing, response: Response, followed: number): Outgoing | undefined {
  const location = response.headers.get('location')
  if (!REDIRECTS.includes(response.status) || location === null) return undefined
  if (followed >= MOST_REDIRECTS) throw refused(`more than ${MOST_REDIRECTS} redirects`)
  const url = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw refused('a redirect to no address of HTTP')
  if (url.username !== '' || url.password !== '') throw refused('a redirect to an address with a password')
  if (url.hash === '') url.hash = request.url.hash
  if (response.status !== 303 && isStream(request.body))
    throw refused('a redirect of a body that is a stream')
  const headers = new Headers(request.headers)
  if (url.origin !== request.url.origin) for (const name of SECRET_HEADERS) headers.delete(name)
  if (!becomesGet(response.status, request.method)) return { ...request, url, headers }
  for (const name of BODY_HEADERS) headers.delete(name)
  return { url, method: 'GET', headers, body: null }
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}

/** Whether a body can be sent one time only. */
export function isStream(body: RequestInit['body']): boolean {
  if (typeof body !== 'object' || body === null) return false
  const isWhole =
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof URLSearchParams
  return !isWhole
}

function refused(problem: string): TokenSourceError {
  return new TokenSourceError({
    reason: 'request_not_sent',
    problem: `fetch met ${problem}`,
    advice: "Take the answer as it is with redirect: 'manual'",
  })
}
