/** HTTP request of a transport. */
export interface TransportRequest {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Maximum size of the response body, in bytes. */
  readonly maxBytes: number
  /**
   * Whether the request is sent again over a new connection if the server closed a kept connection before any response.
   * For callers that do not retry.
   *
   * @defaultValue `false`
   */
  readonly isRepeatable?: boolean
  /**
   * Whether the process stays alive until the response, unless something else ends it.
   *
   * @defaultValue `true`
   */
  readonly keepsAlive?: boolean
  /** Certificate of the client. Without it the connection presents none. */
  readonly tls?: TlsIdentity | undefined
}

/** Certificate and private key that a connection presents, in PEM form. */
export interface TlsIdentity {
  readonly cert: string
  readonly key: string
  /** Certificates that replace the public CAs. */
  readonly ca?: string | undefined
}

/** Headers of a response. Values of a repeated header are joined with a comma. */
export type ResponseHeaders = Pick<Headers, 'get' | 'has'>

/** HTTP response with any status. Redirects are never followed. */
export interface HttpResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly text: string
}

/** Requests an uncompressed body, because a small compressed body can expand without limit. */
export const PLAIN_BYTES = { 'accept-encoding': 'identity' } as const
