/**
 * An HTTP exchange without a usable response. The message contains at most a system error code, because errors of the
 * network stack or of a custom `fetch` may quote the request, which contains a token or credentials.
 */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  /** The error of the network stack or of a custom `fetch`, which nothing may print: see {@link ExchangeError.thrownBy}. */
  readonly #thrown: unknown
  /** URL of the request without its query, for logs; `undefined` if the message contains it. */
  url?: string

  constructor(message: string, thrown?: unknown) {
    super(message)
    this.#thrown = thrown
  }

  /** Returns the error that led to an {@link ExchangeError}. It may quote the request: redact it before it is shown. */
  static thrownBy(error: ExchangeError): unknown {
    return error.#thrown
  }
}

/** The response was unreadable: too large, compressed or not UTF-8. A retry would not help. */
export class UnreadableResponseError extends ExchangeError {}

/** Maximum number of errors, because an error may be its own cause. */
const LONGEST_CHAIN = 4

/** Returns an error and its causes, from the outermost one. Reading them may throw, if the error is of custom code. */
export function* causesOf(error: unknown): Generator<Error, void> {
  for (let item = error, depth = 0; item instanceof Error && depth < LONGEST_CHAIN; depth += 1) {
    yield item
    item = item.cause
  }
}
