/**
 * Name of a method of client authentication: `'basic'` sends the secret in the header and `'post'` in the form (RFC 6749
 * section 2.3.1), `'private_key_jwt'` a signed JWT (RFC 7523 section 2.2). With `'tls_client_auth'` and
 * `'self_signed_tls_client_auth'` the certificate of the connection authenticates the client (RFC 8705 section 2). `'none'`
 * sends at most the client id.
 */
export type ClientAuthenticationMethod =
  | 'basic'
  | 'post'
  | 'private_key_jwt'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth'
  | 'none'

/** Named methods of client authentication, the default first. */
export const METHODS = [
  'basic',
  'post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
] as const satisfies readonly ClientAuthenticationMethod[]

/** A request to an issuer that a client must authenticate. */
export interface AuthenticationRequest {
  /** URL of the endpoint that the request is sent to. */
  readonly url: string
  /** HTTP method of the request. */
  readonly method: 'POST'
  /** A copy of the form parameters, without those of the client. */
  readonly form: URLSearchParams
  /** The option `clientId`, if it is set. */
  readonly clientId: string | undefined
  /** Recommended `aud` of a client assertion: the issuer, or the URL of the endpoint if the issuer is unknown. */
  readonly audience: string
}

/** What authenticates a client in one request. */
export interface AuthenticationResult {
  /** Headers to add, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Form parameters to add, such as `client_assertion`. None may replace a parameter of the request. */
  readonly form?: Readonly<Record<string, string>>
}

/**
 * Authenticates a client in one request to an issuer, in place of a named method. It is called for every request. What it
 * returns is never quoted in an error or an event, and neither is an error that it throws.
 */
export type ClientAuthentication = (
  request: AuthenticationRequest,
) => AuthenticationResult | Promise<AuthenticationResult>
