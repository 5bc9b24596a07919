/**
 * No usable answer came. Holds a kind and at most a system error code: what the network stack or an own
 * fetch throws may quote the request, and with it a token or our credentials.
 */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
}

/** An answer came, and it is not one we read: asking again would only bring it once more. */
export class UnreadableResponseError extends ExchangeError {}
