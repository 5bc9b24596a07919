/**
 * Converts a response to an instance of the global `Response`, which servers replace: `@hono/node-server` 1.x does so for
 * the whole process. `Response.json()`, `fetch()` and classes that extend the earlier `Response` then create objects that
 * are not instances of the new one. A caller that tests `instanceof Response` would treat such an object as a token.
 *
 * @returns `undefined` for a value that cannot be a response, such as the refusal itself or a plain object.
 */
export function asGlobalResponse(value: unknown): Response | undefined {
  try {
    if (value instanceof Response) return value
    return isResponseLike(value) ? copyOf(value) : undefined
  } catch {
    // A response whose properties throw cannot be sent.
    return undefined
  }
}

/** Whether a value has the properties that the Fetch standard gives a response, and a refusal lacks. */
function isResponseLike(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers, bodyUsed, arrayBuffer, clone } = value as Partial<Record<keyof Response, unknown>>
  return (
    typeof status === 'number' &&
    typeof bodyUsed === 'boolean' &&
    typeof arrayBuffer === 'function' &&
    typeof clone === 'function' &&
    isHeadersLike(headers)
  )
}

function isHeadersLike(value: unknown): value is Headers {
  if (typeof value !== 'object' || value === null) return false
  const { get, forEach } = value as Partial<Record<keyof Headers, unknown>>
  return typeof get === 'function' && typeof forEach === 'function'
}

/** Statuses of responses without a body (Fetch standard, "null body status"). */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304])

function copyOf(response: Response): Response | undefined {
  const { status, statusText, body, bodyUsed } = response
  // Checked here, because the constructor of a replaced `Response` may accept any status, and treat the status 0 of
  // `Response.error()` as 200.
  const isSendable = Number.isInteger(status) && status >= 200 && status <= 599
  if (!isSendable || bodyUsed || body?.locked === true) return undefined
  const headers = copyOfHeaders(response.headers)
  return new Response(NULL_BODY_STATUSES.has(status) ? null : body, { status, statusText, headers })
}

function copyOfHeaders(headers: Headers): Headers {
  const copy = new Headers()
  const cookies = typeof headers.getSetCookie === 'function' ? headers.getSetCookie() : undefined
  headers.forEach((value, name) => {
    if (cookies === undefined || name.toLowerCase() !== 'set-cookie') copy.append(name, value)
  })
  // One header per cookie, because cookies must not be joined by commas (RFC 6265 section 3).
  for (const cookie of cookies ?? []) copy.append('set-cookie', cookie)
  return copy
}
