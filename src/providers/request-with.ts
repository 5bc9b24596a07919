import type { RemoteProfile, RemoteRequest, RemoteRequestContext } from '../model/issuer/remote-profile.js'
import type { CredentialReader } from '../options/secret.js'
import type { Awaitable } from '../util/awaitable.js'

/** The members of a {@link RemoteProfile} that create requests. */
export type RequestMembers = 'request' | 'readCredential'

/**
 * Creates requests with a credential. A credential that is part of the configuration is used as it is. Another one is read
 * by the verifier, which caches it and reads it again when the issuer rejects it.
 *
 * @param create - creates the request for a token.
 */
export function requestWith<T>(
  reader: CredentialReader<T>,
  create: (token: string, credential: T, context: RemoteRequestContext) => Awaitable<RemoteRequest>,
): Pick<RemoteProfile, RequestMembers> {
  const { fixed } = reader
  if (fixed !== undefined) {
    const { value } = fixed
    return { request: (token, context) => create(token, value, context) }
  }
  return {
    readCredential: reader.read,
    request: (token, context) => create(token, context.credential as T, context),
  }
}
