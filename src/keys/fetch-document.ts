import { exchange } from '../http/exchange.js'
import { maskOwnCredentials } from '../http/own-credentials.js'
import { readRequestHeaders } from '../http/request-headers.js'
import { ExchangeError } from '../http/exchange-error.js'
import { retryAfterSeconds } from '../http/retry-after.js'
import type { HttpResponse, ResponseHeaders } from '../http/transport/messages.js'
import type { Transport } from '../http/transport/transport.js'
import type { RequestHeaders } from '../model/issuer/issuer-settings.js'
import { Deadline } from '../http/deadline.js'
import { parseJson } from '../util/json.js'
import type { KeySettings } from '../model/issuer/issuer-settings.js'

/** A document that this one depends on is unavailable. This document has the same backoff as that one. */
export class PrerequisiteError extends ExchangeError {
  readonly secondsToNextAttempt: number
  constructor(message: string, secondsToNextAttempt: number) {
    super(message)
    this.secondsToNextAttempt = secondsToNextAttempt
  }
}

/** A document as it was fetched. */
export interface FetchedDocument {
  /** The document, without the credentials of its request; `undefined` if it is not JSON. */
  readonly json: unknown
  readonly headers: ResponseHeaders
}

/**
 * Fetches one JSON document within the limits of the options.
 *
 * @throws ExchangeError if there is no readable response, or its status is not 200.
 */
export async function fetchDocument(
  url: string,
  options: KeySettings,
  extras: {
    readonly transport: Transport
    /** Returns further headers of the request. */
    readonly headers?: RequestHeaders | undefined
  },
): Promise<FetchedDocument> {
  // A failure of the function that creates the headers is not about the URL.
  const { headers, deadlineSeconds } = await headersWithin(options.deadline, extras.headers)
  const response = await withUrl(url, () =>
    exchange({
      url,
      method: 'GET',
      headers: { accept: 'application/json, application/jwk-set+json', ...headers },
      deadlineSeconds,
      maxBytes: options.maxBytes,
      transport: extras.transport,
    }),
  )
  if (response.status !== 200) throw new DocumentStatusError(url, response)
  const json = maskOwnCredentials(parseJson(response.text), response.text, { headers })
  return { json, headers: response.headers }
}

/** Calls the function of the headers. The time that it takes counts toward the deadline. */
async function headersWithin(
  deadlineSeconds: number,
  headersOf: RequestHeaders | undefined,
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly deadlineSeconds: number }> {
  if (headersOf === undefined) return { headers: {}, deadlineSeconds }
  const limit = new Deadline(deadlineSeconds)
  const headers = await readRequestHeaders('keys.headers', headersOf, deadlineSeconds)
  return { headers, deadlineSeconds: limit.remaining() }
}

/** Adds the URL of a request to the error of its exchange or of reading its response. */
export async function withUrl<T>(url: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ExchangeError) error.url ??= namedUrl(url)
    throw error
  }
}

/** Shortens a URL for a message. The query is left out because it may contain a secret. */
export function namedUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`.slice(0, LONGEST_NAMED)
}

/** Maximum number of characters of a URL in an error, because a discovery document may choose the URL. */
const LONGEST_NAMED = 200

/** A server responded with another status than 200. */
export class DocumentStatusError extends ExchangeError {
  readonly status: number
  readonly #headers: ResponseHeaders
  constructor(url: string, { status, headers }: HttpResponse) {
    super(`status ${status} from ${namedUrl(url)}`)
    this.status = status
    this.#headers = headers
  }

  /** Seconds of the `Retry-After` header of a 429 or 503; otherwise 0. */
  retryAfterSeconds(nowSeconds: number): number {
    if (this.status !== 429 && this.status !== 503) return 0
    return retryAfterSeconds(this.#headers, nowSeconds) ?? 0
  }
}
