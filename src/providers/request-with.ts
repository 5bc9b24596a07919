import type { RemoteProfile, RemoteRequest } from '../model/issuer.js'
import type { CredentialReader } from '../options/secret.js'
import type { Awaitable } from '../util/awaitable.js'

/** The members of a {@link RemoteProfile} that create requests. */
export type RequestMembers = 'request' | 'readCredential'

/**
 * Creates requests with a credential. A credential that is part of the configuration is used as it is. Another one is read
 * by the verifier, which caches it and reads it again when the issuer rejects it.
 *
 * @param create - creates the request for a token, at a time in seconds since the epoch.
 */
export function requestWith<T>(
  reader: CredentialReader<T>,
  create: (token: string, credential: T, now: number) => Awaitable<RemoteRequest>,
): Pick<RemoteProfile, RequestMembers> {
  const { fixed } = reader
  if (fixed !== undefined) {
    const { value } = fixed
    return { request: (token, { now }) => create(token, value, now) }
  }
  return {
    readCredential: reader.read,
    request: (token, { credential, now }) => create(token, credential as T, now),
  }
}
