import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Awaitable } from '../util/awaitable.js'

/**
 * Continues with a result that needed a call to the issuer, like `afterwards`. If the caller disconnected during the call,
 * the handler must not run, and `abandon` is called instead.
 */
export async function afterIfConnected<T, A extends readonly unknown[], R>(
  promise: Promise<T>,
  response: { readonly destroyed: boolean },
  next: (value: T, ...args: A) => Awaitable<R>,
  abandon: (...args: A) => Awaitable<R>,
  ...args: A
): Promise<R> {
  const value = await promise
  return response.destroyed ? abandon(...args) : next(value, ...args)
}

/** Does nothing, because the caller of the request has disconnected. */
export function endUnanswered(): void {
  // See above.
}

/**
 * Makes Node close the connection after the response to a refused request with a body. Otherwise Node would read the rest
 * of the body, of any length, to find the next request on the connection. HTTP/1 only: HTTP/2 ends the stream alone.
 *
 * @returns whether the connection is closed. Node then adds the header `Connection: close`.
 */
export function closeIfBody(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.httpVersionMajor !== 1 || !hasBody(request)) return false
  // Not set as a header, because a framework's error handling may remove headers that were set before.
  response.shouldKeepAlive = false
  return true
}

/** Whether a request has a body, which it declares by a length or a transfer coding (RFC 9112 section 6). */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

const HEADER_METHODS = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader', 'writeHead'] as const
const BODY_METHODS = ['write', 'end'] as const

/**
 * Ignores later writes to a response that was already sent. Otherwise Node throws `ERR_HTTP_HEADERS_SENT` or emits an
 * error, which ends the process if it is uncaught, for example in a timer.
 */
export function ignoreLateWrites(response: ServerResponse): void {
  for (const method of HEADER_METHODS) ignoreIf(() => response.headersSent, response, method)
  for (const method of BODY_METHODS) ignoreIf(() => response.writableEnded, response, method)
}

function ignoreIf(isLate: () => boolean, response: ServerResponse, method: keyof ServerResponse): void {
  const original: unknown = Reflect.get(response, method)
  if (typeof original !== 'function') return
  const value = function (this: unknown, ...args: readonly unknown[]): unknown {
    return isLate() ? response : Reflect.apply(original, this, args)
  }
  Object.defineProperty(response, method, { value, configurable: true, writable: true })
}

/**
 * Runs a function and returns whether it called a method of an object before its promise was settled.
 *
 * @throws the error of the function, converted by {@link toHostError}.
 */
export async function isMethodCalled(target: object, method: string, run: () => unknown): Promise<boolean> {
  const original = Reflect.get(target, method) as (...args: readonly unknown[]) => unknown
  let isCalled = false
  const watched = function (this: unknown, ...args: readonly unknown[]): unknown {
    isCalled = true
    return Reflect.apply(original, this, args)
  }
  Object.defineProperty(target, method, { value: watched, configurable: true, writable: true })
  try {
    await run()
  } catch (error) {
    throw toHostError(error)
  } finally {
    Reflect.deleteProperty(target, method)
  }
  return isCalled
}

/**
 * Converts a thrown value to one that every host treats as an error. Express and Fastify treat `undefined`, `null`, `false`
 * and `''` as success, and Express treats `'route'` and `'router'` as the next route. Each of them would continue with a
 * refused request. A promise that is rejected by `setTimeout(reject, ...)` has the reason `undefined`.
 */
export function toHostError(thrown: unknown): unknown {
  if (isHostError(thrown)) return thrown
  return new Error('a value that is not an Error was thrown in or behind a guard. Throw an Error', {
    cause: thrown,
  })
}

/** Whether every host treats the value as an error. */
export function isHostError(value: unknown): boolean {
  return Boolean(value) && value !== 'route' && value !== 'router'
}

/** Ends a response after an error that the host did not accept, and emits a process warning. Never throws. */
export function abandon(response: ServerResponse, error: unknown): void {
  const detail = error instanceof Error ? error.stack : undefined
  process.emitWarning(
    'A request failed behind a guard, and the framework did not handle the error. Handle it in an error handler',
    {
      code: 'M2M_GUARD_UNHANDLED_ERROR',
      ...(detail === undefined ? {} : { detail }),
    },
  )
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
