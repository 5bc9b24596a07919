import type { Requiring, Without } from '../options/combinations.js'
import type { ClientAuthentication } from './contract.js'
import type { ClientAuthenticationOptions } from './options.js'

type Needs<Names extends keyof ClientAuthenticationOptions> = Requiring<ClientAuthenticationOptions, Names>

/** What describes the assertion that this client signs. */
type SigningOption = 'privateKey' | 'keyId' | 'algorithm' | 'assertionAudience' | 'assertionHeader'

/** The client sends a secret. */
interface WithSecret extends Needs<'clientId' | 'clientSecret'>, Without<SigningOption | 'clientAssertion'> {
  readonly authentication?: 'basic' | 'post'
}

/** The client signs an assertion. */
interface WithPrivateKey
  extends Needs<'clientId' | 'privateKey'>, Without<'clientSecret' | 'clientAssertion'> {
  readonly authentication: 'private_key_jwt'
}

/** A platform signs the assertion. */
interface WithClientAssertion
  extends Needs<'clientId' | 'clientAssertion'>, Without<'clientSecret' | SigningOption> {
  readonly authentication?: 'private_key_jwt'
}

/** The certificate of the connection authenticates the client. Without `clientCertificate`, a custom `fetch` presents it. */
interface WithCertificate
  extends Needs<'clientId'>, Without<'clientSecret' | SigningOption | 'clientAssertion'> {
  readonly authentication: 'tls_client_auth' | 'self_signed_tls_client_auth'
}

/** The client does not authenticate, or a function does it. */
interface WithoutCredential extends Without<'clientSecret' | SigningOption | 'clientAssertion'> {
  readonly authentication: 'none' | ClientAuthentication
}

/**
 * The options of {@link ClientAuthenticationOptions} that belong together, by method. Another combination, such as
 * `clientSecret` with `clientAssertion`, does not compile. At runtime it is a `ConfigurationError`.
 */
export type ClientAuthenticationCombination = ClientAuthenticationOptions &
  (WithSecret | WithPrivateKey | WithClientAssertion | WithCertificate | WithoutCredential)
