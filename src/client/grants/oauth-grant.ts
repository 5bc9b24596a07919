import type { Authenticator } from '../../authentication/authenticator.js'
import type { Credential } from '../../authentication/credential.js'
import type { Clock } from '../../util/clock.js'
import type { Transport } from '../../http/transport/transport.js'
import { readCredential } from '../authentication/credential.js'
import type { GrantContext, Grant, IssuedToken, TokenParameters } from './grant.js'
import { requestIssuer } from './issuer-request.js'
import { readOAuthProblem, readTokenResponse } from './token-response.js'
import type { EndpointLookup, TokenEndpoint } from './token-endpoint.js'
import { TokenSourceError } from '../errors.js'

/** What grants the token: the form parameters of the grant, and those of them that no error may contain. */
interface GrantForm {
  readonly form: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
}

/** Settings of a grant at a token endpoint. */
export interface OAuthGrantSettings {
  /** Identifies the client and its endpoint. */
  readonly identity: readonly string[]
  readonly endpoint: { readonly find: (finding: EndpointLookup) => Promise<TokenEndpoint> }
  readonly authentication: Authenticator
  /** Reads what grants one token. A failing custom function throws a SecretError. */
  readonly readGrant: (parameters: TokenParameters) => Promise<GrantForm>
  /** Names of the options that `readGrant` reads, for errors. */
  readonly grantNames?: readonly string[]
  readonly parameters: Readonly<Record<string, string>>
  readonly assumedLifetime: number
  readonly tokenType: 'bearer' | 'any'
  /** Seconds by which assertions are issued earlier. */
  readonly clockSkew: number
  readonly deadlineSeconds: number
  readonly transport: Transport
  readonly clock: Clock
}

/** The client credentials grant (RFC 6749 section 4.4). */
export const CLIENT_CREDENTIALS: OAuthGrantSettings['readGrant'] = () =>
  Promise.resolve({ form: { grant_type: 'client_credentials' }, secrets: [] })

/** A grant at a token endpoint (RFC 6749 section 4), with resource indicators (RFC 8707). */
export class OAuthGrant implements Grant {
  readonly #settings: OAuthGrantSettings

  constructor(settings: OAuthGrantSettings) {
    this.#settings = settings
  }

  async identify(parameters: TokenParameters, reading: GrantContext['reading']): Promise<readonly string[]> {
    const { identity, readGrant, grantNames = [] } = this.#settings
    return [...identity, JSON.stringify((await reading(grantNames, () => readGrant(parameters))).form)]
  }

  async obtain(requested: TokenParameters, attempt: GrantContext): Promise<IssuedToken> {
    const { authentication } = this.#settings
    const read = (): Promise<Credential> =>
      attempt.reading(authentication.functionNames, () => readCredential(authentication.read))
    const credential = await read()
    try {
      return await this.#obtainWith(credential, requested, attempt)
    } catch (error) {
      const isRefused = error instanceof TokenSourceError && error.reason === 'credentials_refused'
      if (!isRefused || !authentication.isFunction) throw error
      // The credential may have been rotated after we read it and before the issuer checked it.
      const currentCredential = await read()
      if (currentCredential.equals(credential)) throw error
      return this.#obtainWith(currentCredential, requested, attempt)
    }
  }

  async #obtainWith(
    credential: Credential,
    requested: TokenParameters,
    attempt: GrantContext,
  ): Promise<IssuedToken> {
    const {
      endpoint,
      parameters,
      readGrant,
      grantNames = [],
      deadlineSeconds,
      transport,
      clock,
      clockSkew,
    } = this.#settings
    const { signal, closing, tokensIn } = attempt
    const { url, assertionAudience } = await endpoint.find({
      deadlineSeconds,
      transport,
      signal,
      closing,
      tls: credential.tls,
      tokensIn,
    })
    const granting = await attempt.reading(grantNames, () => readCredential(() => readGrant(requested)))
    const form = formOf({ ...granting.form, ...parameters }, requested)
    const proofRequest = { url, form, audience: assertionAudience, now: clock.now() - clockSkew }
    const proof = await attempt.reading(this.#settings.authentication.functionNames, () =>
      readCredential(() => credential.prove(proofRequest)),
    )
    for (const [name, value] of Object.entries(proof.form)) form.set(name, value)
    const json = await requestIssuer(
      {
        url,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...proof.headers },
        body: form.toString(),
        tls: proof.tls,
        deadlineSeconds,
        transport,
        // A second token is harmless, but a server must see an assertion's `jti` only once (RFC 7523 section 3).
        isRepeatable: !form.has('client_assertion') && !form.has('assertion'),
        signal,
        secrets: [...proof.secrets, ...granting.secrets],
        tokensIn,
        now: clock.now(),
      },
      readOAuthProblem,
    )
    return readTokenResponse(json, this.#settings)
  }
}

function formOf(
  fields: Readonly<Record<string, string>>,
  { audience, resource, scopes }: TokenParameters,
): URLSearchParams {
  const form = new URLSearchParams(fields)
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  for (const item of audience) form.append('audience', item)
  for (const item of resource) form.append('resource', item)
  return form
}
