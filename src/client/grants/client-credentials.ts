import type { Clock } from '../../util/clock.js'
import type { Transport } from '../../http/transport/transport.js'
import type { ClientAuthentication, Credential } from '../authentication/client-authentication.js'
import type { GrantContext, Grant, IssuedToken, TokenParameters } from './grant.js'
import { requestIssuer } from './issuer-request.js'
import { readOAuthProblem, readTokenResponse, type TokenResponseSettings } from './token-response.js'
import type { EndpointLookup, TokenEndpoint } from './token-endpoint.js'
import { TokenSourceError } from '../errors.js'

/** Settings of the client credentials grant. */
export interface ClientCredentialsSettings {
  readonly endpoint: { readonly find: (finding: EndpointLookup) => Promise<TokenEndpoint> }
  readonly authentication: ClientAuthentication
  readonly parameters: Readonly<Record<string, string>>
  readonly response: TokenResponseSettings
  readonly deadlineSeconds: number
  readonly transport: Transport
  readonly clock: Clock
}

/** The client credentials grant (RFC 6749 section 4.4), with resource indicators (RFC 8707). */
export class ClientCredentials implements Grant {
  readonly #settings: ClientCredentialsSettings

  constructor(settings: ClientCredentialsSettings) {
    this.#settings = settings
  }

  async obtain(requested: TokenParameters, attempt: GrantContext): Promise<IssuedToken> {
    const { authentication } = this.#settings
    const credential = await attempt.reading(authentication.read)
    try {
      return await this.#obtainWith(credential, requested, attempt)
    } catch (error) {
      const isRefused = error instanceof TokenSourceError && error.reason === 'credentials_refused'
      if (!isRefused || !authentication.mayChange) throw error
      // The credential may have been rotated after we read it and before the issuer checked it.
      const currentCredential = await attempt.reading(authentication.read)
      if (currentCredential.equals(credential)) throw error
      return this.#obtainWith(currentCredential, requested, attempt)
    }
  }

  async #obtainWith(
    credential: Credential,
    requested: TokenParameters,
    attempt: GrantContext,
  ): Promise<IssuedToken> {
    const { endpoint, parameters, response, deadlineSeconds, transport, clock } = this.#settings
    const { signal, closing } = attempt
    const { url, assertionAudience } = await endpoint.find({ deadlineSeconds, transport, signal, closing })
    const { headers, form, secrets } = await credential.prove(assertionAudience)
    const json = await requestIssuer(
      {
        url,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: formOf({ grant_type: 'client_credentials', ...form, ...parameters }, requested),
        deadlineSeconds,
        transport,
        // A second token is harmless, but a server must see an assertion's `jti` only once (RFC 7523 section 3).
        isRepeatable: form['client_assertion'] === undefined,
        signal,
        secrets,
        now: clock.now(),
      },
      readOAuthProblem,
    )
    return readTokenResponse(json, response)
  }
}

function formOf(
  fields: Readonly<Record<string, string>>,
  { audience, resource, scopes }: TokenParameters,
): string {
  const form = new URLSearchParams(fields)
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  for (const item of audience) form.append('audience', item)
  for (const item of resource) form.append('resource', item)
  return form.toString()
}
