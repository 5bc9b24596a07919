import { within } from '../util/abort.js'
import { ExchangeError } from './exchange-error.js'
import type { HttpResponse, TransportRequest } from './transport/messages.js'
import type { Transport } from './transport/transport.js'

/** One bounded HTTP exchange. */
export interface Exchange extends TransportRequest {
  readonly transport: Transport
  /** Bounds everything, from connection to the last byte of the body. */
  readonly deadlineSeconds: number
  /** Gives the exchange up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Does one exchange and reads the whole body within the limits.
 *
 * @throws ExchangeError when the deadline passes, the connection fails, the body is too large, compressed or not UTF-8.
 * @throws The reason of `signal`, once it is aborted.
 */
export async function exchange(request: Exchange): Promise<HttpResponse> {
  const { deadlineSeconds: seconds, signal, transport } = request
  try {
    return await within({ seconds, signal, late: () => late(seconds) }, (ending) =>
      transport.send(request, ending),
    )
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ExchangeError) throw error
    throw new ExchangeError(`no answer${codeOf(error)}`)
  }
}

function late(seconds: number): ExchangeError {
  return new ExchangeError(`no complete answer within ${seconds} s`)
}

function codeOf(error: unknown): string {
  for (let item = error, depth = 0; item instanceof Error && depth < 4; item = item.cause, depth += 1) {
    const { code } = item as { code?: unknown }
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code)) return ` (${code})`
  }
  return ''
}
