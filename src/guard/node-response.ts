import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Has Node close the connection after the response to a refused request that has a body. It would otherwise read the rest
 * of the body, however long, to find the next request on the connection. HTTP/1 only: HTTP/2 ends the stream alone.
 *
 * @returns whether the connection is closed: Node then adds the header `Connection: close`.
 */
export function closeIfBody(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.httpVersionMajor !== 1 || !hasBody(request)) return false
  // Not by the header: a framework's error handling may remove headers that were set before.
  response.shouldKeepAlive = false
  return true
}

/** RFC 9112 section 6: a request has a body if it declares a length or a transfer coding. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

const HEADER_METHODS = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader', 'writeHead'] as const
const BODY_METHODS = ['write', 'end'] as const

/**
 * Ignores what is written to a response that was sent already. Node throws (`ERR_HTTP_HEADERS_SENT`) or emits an error
 * then, which ends the process if it happens in a timer or another callback that nobody catches errors of.
 */
export function ignoreLateWrites(response: ServerResponse): void {
  for (const method of HEADER_METHODS) ignoreIf(() => response.headersSent, response, method)
  for (const method of BODY_METHODS) ignoreIf(() => response.writableEnded, response, method)
}

function ignoreIf(isLate: () => boolean, response: ServerResponse, method: keyof ServerResponse): void {
  const original: unknown = Reflect.get(response, method)
  if (typeof original !== 'function') return
  const value = function (this: unknown, ...given: readonly unknown[]): unknown {
    return isLate() ? response : Reflect.apply(original, this, given)
  }
  Object.defineProperty(response, method, { value, configurable: true, writable: true })
}

/**
 * Whether a function calls a method of an object, until its promise is settled.
 *
 * @throws What the function throws, as an error for every host.
 */
export async function calls(target: object, method: string, run: () => unknown): Promise<boolean> {
  const original = Reflect.get(target, method) as (...given: readonly unknown[]) => unknown
  let isCalled = false
  const watched = function (this: unknown, ...given: readonly unknown[]): unknown {
    isCalled = true
    return Reflect.apply(original, this, given)
  }
  Object.defineProperty(target, method, { value: watched, configurable: true, writable: true })
  try {
    await run()
  } catch (error) {
    throw errorForHost(error)
  } finally {
    Reflect.deleteProperty(target, method)
  }
  return isCalled
}

/**
 * An error as it may be handed to a host. Express and Fastify take `undefined`, `null`, `false` and `''` for no error, and
 * Express takes `'route'` and `'router'` for the next route: each of them would continue with a refused request. A
 * promise that is rejected by `setTimeout(reject, ...)` has the reason `undefined`.
 */
export function errorForHost(thrown: unknown): unknown {
  if (isErrorToHost(thrown)) return thrown
  return new Error('a value that is not an error was thrown at a guard', { cause: thrown })
}

/** Whether every host takes the value for an error. */
export function isErrorToHost(value: unknown): boolean {
  return Boolean(value) && value !== 'route' && value !== 'router'
}

/** Ends a response whose request cannot be handed to anybody any more, and reports the error. Never throws. */
export function abandon(response: ServerResponse, error: unknown): void {
  const detail = error instanceof Error ? error.stack : undefined
  process.emitWarning('A request failed behind a guard, and its error could not be handed on', {
    code: 'M2M_GUARD_UNHANDLED_ERROR',
    ...(detail === undefined ? {} : { detail }),
  })
  try {
    if (response.headersSent) {
      response.destroy()
    } else {
      response.statusCode = 500
      response.end()
    }
  } catch {
    response.destroy()
  }
}
