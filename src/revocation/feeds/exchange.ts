/** Handles a request of a feed of revocations. Never rejects because of what the request contains. */
export type FeedHandler = (request: Request) => Promise<Response>

/** Maximum bytes of a request body that is read. */
const MAX_BODY_BYTES = 262_144

/** Response headers of every feed. */
const NOT_STORED = { 'Cache-Control': 'no-store' }

/** Seconds after which a request that could not be stored should be repeated. */
const RETRY_AFTER = '5'

/** Creates a JSON response. */
export function respondJson(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...NOT_STORED, ...headers },
  })
}

/** Creates a response without a body. */
export function respondEmpty(status: number): Response {
  return new Response(null, { status, headers: NOT_STORED })
}

/** An error response to a request. Its message may be sent: it contains no token and no secret. */
export class FeedError extends Error {
  /** Status of the response. */
  readonly status: number
  /** Value of the `error` or `err` member. */
  readonly code: string
  /** Further response headers. */
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** Creates the error for an invalid request. */
export function invalid(message: string): FeedError {
  return new FeedError(400, 'invalid_request', message)
}

/** Message for JSON in which an object has two members with the same name (RFC 8259 section 4). */
export const DUPLICATE_MEMBERS = 'an object must not have two members with the same name'

/** Makes a handler respond to the errors that it throws. Other errors are passed to the server. */
export function respondErrors(code: string, description: string, handler: FeedHandler): FeedHandler {
  return async function respond(request) {
    try {
      return await handler(request)
    } catch (error) {
      if (!(error instanceof FeedError)) throw error
      return respondJson(error.status, { [code]: error.code, [description]: error.message }, error.headers)
    }
  }
}

/** Creates the error for a revocation that the store did not confirm. The sender repeats the request. */
export function notStored(): FeedError {
  const message = 'the revocation is not stored. Repeat the request; repetitions are harmless'
  return new FeedError(503, 'temporarily_unavailable', message, { 'Retry-After': RETRY_AFTER })
}

/** @throws FeedError for a request with another method. */
export function requireMethod({ method }: Request, allowed: readonly string[]): void {
  if (allowed.includes(method)) return
  const list = allowed.join(', ')
  throw new FeedError(405, 'invalid_request', `the method must be one of ${list}`, { Allow: list })
}

/** Returns the media type of a request body, in lower case and without parameters; empty if there is none. */
export function contentType({ headers }: Request): string {
  const [type = ''] = (headers.get('content-type') ?? '').split(';', 1)
  return type.trim().toLowerCase()
}

/**
 * Reads a request body.
 *
 * @throws FeedError for a body that is longer than {@link MAX_BODY_BYTES}.
 * @throws Error if something else has read the body before.
 */
export async function readBody(request: Request): Promise<Uint8Array> {
  if (request.bodyUsed)
    throw new Error('the body was read before. Register the handler before the code that parses bodies')
  const tooLarge = new FeedError(413, 'invalid_request', `the body must have at most ${MAX_BODY_BYTES} bytes`)
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > MAX_BODY_BYTES) throw tooLarge
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Decodes a request body.
 *
 * @throws FeedError if it is not UTF-8.
 */
export function decodeText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw invalid('the body must be UTF-8')
  }
}
