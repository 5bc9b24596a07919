import { within } from '../util/abort.js'
import { formatSeconds } from '../util/quote.js'
import { causesOf, ExchangeError } from './exchange-error.js'
import type { HttpResponse, TransportRequest } from './transport/messages.js'
import type { Transport } from './transport/transport.js'

/** HTTP request with its limits. */
export interface Exchange extends TransportRequest {
  readonly transport: Transport
  /** Maximum seconds from connection to the last byte of the body. */
  readonly deadlineSeconds: number
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends one request and reads the whole response within the limits.
 *
 * @throws ExchangeError if the deadline passes, the connection fails, or the body is too large, compressed or not UTF-8.
 * @throws The reason of `signal` if it is aborted.
 */
export async function exchange(request: Exchange): Promise<HttpResponse> {
  const { deadlineSeconds: seconds, signal, transport } = request
  try {
    return await within({ seconds, signal, late: () => createDeadlineError(seconds) }, (ending) =>
      transport.send(request, ending),
    )
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ExchangeError) throw error
    throw new ExchangeError(`no response${formatErrorCode(error)}`, error)
  }
}

function createDeadlineError(seconds: number): ExchangeError {
  return new ExchangeError(`no complete response within ${formatSeconds(seconds)}`)
}

/** Formats the system error code of an error or its causes. The message is left out, because it may quote the request. */
export function formatErrorCode(error: unknown): string {
  try {
    for (const item of causesOf(error)) {
      const { code } = item as { code?: unknown }
      if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code)) return ` (${code})`
    }
  } catch {
    // Custom code may throw an error whose properties throw.
  }
  return ''
}
