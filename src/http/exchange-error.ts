/**
 * An HTTP exchange without a usable response. The message contains at most a system error code, because errors of the
 * network stack or of a custom `fetch` may quote the request, which contains a token or credentials.
 */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  /** URL of the request without its query, for logs; `undefined` if the message contains it. */
  url?: string
}

/** The response was unreadable: too large, compressed or not UTF-8. A retry would not help. */
export class UnreadableResponseError extends ExchangeError {}
