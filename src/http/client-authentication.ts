import type { TlsIdentity } from './transport/messages.js'

/** Place of the client secret in a request: `basic` is the `Authorization` header, `post` the form (RFC 6749 section 2.3.1). */
export type SecretMethod = 'basic' | 'post'

/** Credentials of a client that authenticates with a secret. */
export interface SecretCredentials {
  readonly clientId: string
  readonly clientSecret: string
  readonly authentication: SecretMethod
}

/** Client credentials in a request: in the header or in the form, never in both (RFC 6749 section 2.3). */
export interface ClientProof {
  readonly headers: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
  /** Strings that must be removed from errors, because the issuer may quote them. */
  readonly secrets: readonly string[]
  /** Certificate and key that the connection of the request presents (RFC 8705). */
  readonly tls?: TlsIdentity
}

/** Creates the credentials of a client that authenticates with its secret. */
export function proveBySecret({ clientId, clientSecret, authentication }: SecretCredentials): ClientProof {
  // Each part is form-encoded first (RFC 6749 section 2.3.1), because an id may contain a colon.
  const encoded = encodeBasic(formEncode(clientId), formEncode(clientSecret))
  // An issuer may quote the secret plain or base64-encoded.
  const secrets = [encoded, clientSecret]
  return authentication === 'basic'
    ? { headers: { authorization: `Basic ${encoded}` }, form: {}, secrets }
    : { headers: {}, form: { client_id: clientId, client_secret: clientSecret }, secrets }
}

/** Creates the credentials of a client that authenticates with a bearer token (RFC 7662 section 2.1). */
export function proveByBearerToken(token: string): ClientProof {
  return { headers: { authorization: `Bearer ${token}` }, form: {}, secrets: [token] }
}

/** Names a client that does not authenticate, if it has an id. */
export function proveNothing(clientId: string | undefined): ClientProof {
  return { headers: {}, form: clientId === undefined ? {} : { client_id: clientId }, secrets: [] }
}

/** Creates the credentials of a client that authenticates with a JWT (RFC 7523 section 2.2). */
export function proveByAssertion(clientId: string, assertion: string): ClientProof {
  return {
    headers: {},
    form: {
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    },
    secrets: [assertion],
  }
}

/** Encodes HTTP Basic credentials (RFC 7617 section 2). */
export function encodeBasic(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`).toString('base64')
}

function formEncode(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1)
}
