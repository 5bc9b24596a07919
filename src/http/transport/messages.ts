/** A request as a transport sends it. */
export interface TransportRequest {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Maximum size of the body that is read, in bytes. */
  readonly maxBytes: number
  /**
   * Whether the request is sent once more, over a new connection, if a kept connection was closed when it was reused and
   * nothing came back. For callers that make no further attempt of their own. @defaultValue `false`
   */
  readonly isRepeatable?: boolean
}

/** The headers of a response. Values of a header that came several times are joined with a comma. */
export type ResponseHeaders = Pick<Headers, 'get' | 'has'>

/** What came back. Any status, redirects included: they are never followed. */
export interface HttpResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly text: string
}

/** Asks for plain bytes, so that a small compressed body cannot become a large one at our expense. */
export const PLAIN_BYTES = { 'accept-encoding': 'identity' } as const
