import { timers } from '../util/timers.js'

/** One bounded HTTP exchange. */
export interface Exchange {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Bounds everything, from connection to the last byte of the body. */
  readonly deadlineSeconds: number
  /** The largest body read, counted after decompression. */
  readonly maxBytes: number
  readonly fetch?: typeof fetch | undefined
  /** Gives the exchange up. */
  readonly signal?: AbortSignal | undefined
}

/** What came back. Any status, redirects included: they are never followed. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/**
 * No usable answer came. Holds a kind and at most a system error code: what the network stack or an own
 * fetch throws may quote the request, and with it a token or our credentials.
 */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
}

/** An answer came, and it is not one we read: asking again would only bring it once more. */
export class UnreadableResponseError extends ExchangeError {}

/**
 * Does one exchange and reads the whole body within the limits.
 *
 * @throws ExchangeError when the deadline passes, the connection fails, the body is too large or not UTF-8.
 * @throws The reason of `signal`, once it is aborted.
 */
export async function exchange(request: Exchange): Promise<HttpResponse> {
  request.signal?.throwIfAborted()
  const deadline = new Deadline(request.deadlineSeconds)
  const giveUp = (): void => {
    deadline.abort(request.signal?.reason)
  }
  request.signal?.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([answerTo(request, deadline.signal), deadline.expired])
  } catch (error) {
    request.signal?.throwIfAborted()
    if (error instanceof ExchangeError) throw error
    if (deadline.signal.aborted) throw late(request.deadlineSeconds)
    throw new ExchangeError(`no answer${codeOf(error)}`)
  } finally {
    deadline.clear()
    request.signal?.removeEventListener('abort', giveUp)
  }
}

async function answerTo(request: Exchange, signal: AbortSignal): Promise<HttpResponse> {
  const response = await (request.fetch ?? fetch)(request.url, {
    method: request.method,
    // Plain bytes, so that a small compressed body cannot become a large one at our expense.
    headers: { 'accept-encoding': 'identity', ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
    // Following one would send a token or our credentials somewhere nobody configured.
    redirect: 'manual',
    signal,
  })
  return {
    status: response.status,
    headers: response.headers,
    text: await readText(response, request.maxBytes),
  }
}

/**
 * Rejects when the time is up, because an own fetch may ignore the signal. Let go of when the exchange is
 * done: `AbortSignal.timeout` would keep what belongs to it until its time, thousands at once under load.
 */
class Deadline {
  readonly #controller = new AbortController()
  readonly #cancelTimer: () => void
  readonly signal = this.#controller.signal
  readonly expired: Promise<never>

  #reject: (error: unknown) => void = () => undefined

  constructor(seconds: number) {
    this.expired = new Promise<never>((_, reject) => {
      this.#reject = reject
    })
    this.#cancelTimer = timers.after(seconds, () => {
      this.abort(late(seconds))
    })
  }

  abort(reason: unknown): void {
    this.#reject(reason)
    this.#controller.abort()
  }

  clear(): void {
    this.#cancelTimer()
  }
}

function late(seconds: number): ExchangeError {
  return new ExchangeError(`no complete answer within ${seconds} s`)
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return ''
  // RFC 8259 section 8.1: JSON is exchanged in UTF-8, without a byte order mark.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined })
    } catch {
      throw new UnreadableResponseError('answer that is not UTF-8')
    }
  }
  let text = ''
  let bytes = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    // Leaving the loop by throwing cancels the body, which closes the connection.
    if (bytes > maxBytes) throw new UnreadableResponseError(`answer larger than ${maxBytes} bytes`)
    text += decode(chunk)
  }
  return text + decode()
}

function codeOf(error: unknown): string {
  for (let item = error, depth = 0; item instanceof Error && depth < 4; item = item.cause, depth += 1) {
    const { code } = item as { code?: unknown }
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code)) return ` (${code})`
  }
  return ''
}
