import { createAuthenticator } from '../authentication/authenticator.js'
import type { Credential } from '../authentication/credential.js'
import { introspectionRequest, tokenForm } from '../introspection/rfc7662.js'
import type { RemoteProfile, RemoteRequest } from '../model/issuer/remote-profile.js'
import type { Awaitable } from '../util/awaitable.js'
import { callerWith } from './caller.js'
import { requestWith, type RequestMembers } from './request-with.js'
import type { IntrospectionSettings } from './introspection-options.js'

/**
 * Creates the requests to an introspection endpoint, with the credentials of this service.
 *
 * @param where - the `introspection` option in errors.
 * @param hasFetch - whether the issuer has a custom `fetch`, which makes the connections.
 * @throws ConfigurationError for a missing credential, and for one that the method of authentication does not use.
 */
export function introspectionClient(
  where: string,
  issuer: string,
  settings: IntrospectionSettings,
  hasFetch: boolean,
): Pick<RemoteProfile, RequestMembers | 'usesCertificate' | 'caller'> {
  const authenticator = createAuthenticator(settings, { where, fallback: 'basic', hasFetch })
  const { isReadPerRequest, usesCertificate, read } = authenticator
  const create = (
    token: string,
    credential: Credential,
    { url, now }: { readonly url: string; readonly now: number },
  ): Awaitable<RemoteRequest> => {
    const form = new URLSearchParams(tokenForm(token, 'access_token'))
    const proof = credential.prove({ url, form, audience: issuer, now })
    return proof instanceof Promise
      ? proof.then((created) => introspectionRequest(created, token))
      : introspectionRequest(proof, token)
  }
  return {
    ...(isReadPerRequest
      ? { request: async (token, context) => create(token, await read(), context) }
      : requestWith(authenticator, create)),
    usesCertificate,
    caller: callerOf(settings),
  }
}

/** Without credentials, every service is the same to the issuer. What a custom function sends is unknown. */
function callerOf(settings: IntrospectionSettings): string | undefined {
  const { authentication, clientId, clientSecret } = settings
  const bearerToken = settings.bearerToken ?? (authentication === 'bearer' ? clientSecret : undefined)
  if (authentication === 'none') return callerWith(clientId ?? '', undefined)
  return callerWith(clientId, typeof bearerToken === 'string' ? bearerToken : undefined)
}
