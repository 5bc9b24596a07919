/** How a client sends its secret: in the `Authorization` header, or in the form (RFC 6749 section 2.3.1). */
export type SecretMethod = 'basic' | 'post'

/** The credentials of a client that has a secret. */
export interface SecretCredentials {
  readonly clientId: string
  readonly clientSecret: string
  readonly authentication: SecretMethod
}

/** What a client adds to a request to authenticate itself: in the header or in the form, never in both (RFC 6749 section 2.3). */
export interface ClientProof {
  readonly headers: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
  /** Must not appear in an error, should the issuer quote it. */
  readonly secrets: readonly string[]
}

/** Authenticates a client with its secret. */
export function proveBySecret({ clientId, clientSecret, authentication }: SecretCredentials): ClientProof {
  const authorization = basicAuthorization(clientId, clientSecret)
  // An issuer may quote the secret in either form.
  const secrets = [authorization.slice('Basic '.length), clientSecret]
  return authentication === 'basic'
    ? { headers: { authorization }, form: {}, secrets }
    : { headers: {}, form: { client_id: clientId, client_secret: clientSecret }, secrets }
}

/** Authenticates a client with a JWT that it signed (RFC 7523 section 2.2): `private_key_jwt`. */
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

/** Form-encoded before base64 (RFC 6749 section 2.3.1), because a colon in the id would otherwise end it early. */
function basicAuthorization(clientId: string, clientSecret: string): string {
  const pair = `${formEncode(clientId)}:${formEncode(clientSecret)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
