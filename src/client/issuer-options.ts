import type { Authenticator } from '../authentication/authenticator.js'
import type { ClientAuthenticationCombination } from '../authentication/combinations.js'
import { CLIENT_AUTHENTICATION_OPTIONS, type ClientAuthenticationOptions } from '../authentication/options.js'
import type { Requiring, Without } from '../options/combinations.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { duration, type Duration } from '../options/duration.js'
import { custom, optional, restricting, withDefault, type Result, type TableOf } from '../options/reader.js'
import { oneOf } from '../options/readers.js'
import { issuerUrl, secureUrl } from '../options/url.js'
import type { OAuthGrantSettings } from './grants/oauth-grant.js'
import { readParameters } from './grants/parameters.js'
import { DiscoveredEndpoint } from './grants/token-endpoint.js'

/** Options of every source that requests tokens at a token endpoint. Exactly one of `issuer` and `tokenEndpoint` is required. */
export interface TokenEndpointOptions extends ClientAuthenticationOptions {
  /**
   * Issuer identifier. The token endpoint is discovered (OpenID Connect Discovery or RFC 8414). https, or http on
   * loopback.
   */
  readonly issuer?: string
  /** URL of the token endpoint, for issuers without discovery. https, or http on loopback. */
  readonly tokenEndpoint?: string
  /** Additional form parameters of the token request. Parameters that the source sends itself are refused. */
  readonly parameters?: Readonly<Record<string, string>>
  /**
   * Lifetime of a token whose response has no `expires_in`. At least `'1s'`.
   *
   * @defaultValue `'5m'`
   */
  readonly assumedLifetime?: Duration
  /**
   * Which `token_type` the response may have. `'any'` also accepts a response without one, or with another one such as
   * `BearerToken`: for issuers whose bearer tokens are not labeled as such. A DPoP token is never accepted.
   *
   * @defaultValue `'bearer'`
   */
  readonly tokenType?: 'bearer' | 'any'
}

/**
 * The options of {@link TokenEndpointOptions} that belong together: exactly one of `issuer` and `tokenEndpoint`, and the options
 * of one method of authentication. Another combination does not compile. At runtime it is a `ConfigurationError`.
 */
export type TokenEndpointCombination = ClientAuthenticationCombination &
  (
    | (Requiring<TokenEndpointOptions, 'issuer'> & Without<'tokenEndpoint'>)
    | (Requiring<TokenEndpointOptions, 'tokenEndpoint'> & Without<'issuer'>)
  )

/** Readers of {@link TokenEndpointOptions}. */
export const TOKEN_ENDPOINT_OPTIONS = {
  issuer: optional(issuerUrl),
  tokenEndpoint: optional(secureUrl),
  ...CLIENT_AUTHENTICATION_OPTIONS,
  parameters: restricting(withDefault(custom('object of strings', readParameters), {})),
  assumedLifetime: duration({ min: '1s', default: '5m' }),
  tokenType: oneOf(['bearer', 'any'], 'bearer'),
} satisfies TableOf<TokenEndpointOptions>

/** Options that decide where token requests are sent. */
type EndpointSettings = Pick<Result<typeof TOKEN_ENDPOINT_OPTIONS>, 'issuer' | 'tokenEndpoint'> & {
  readonly clock: ConstructorParameters<typeof DiscoveredEndpoint>[1]
  readonly insecureHosts: readonly string[]
}

/**
 * Creates what finds the token endpoint.
 *
 * @throws ConfigurationError unless exactly one of `issuer` and `tokenEndpoint` is set.
 */
export function tokenEndpointOf(
  where: string,
  { issuer, tokenEndpoint, clock, insecureHosts }: EndpointSettings,
  { usesCertificate }: Authenticator,
): OAuthGrantSettings['endpoint'] {
  if (issuer !== undefined && tokenEndpoint === undefined)
    return new DiscoveredEndpoint(issuer, clock, { usesCertificate, insecureHosts })
  if (issuer === undefined && tokenEndpoint !== undefined) return fixedEndpoint(tokenEndpoint)
  throw new ConfigurationError(where, 'requires exactly one of issuer and tokenEndpoint')
}

/** Creates an endpoint that is part of the configuration. */
export function fixedEndpoint(url: string): OAuthGrantSettings['endpoint'] {
  const endpoint = { url, assertionAudience: url }
  return { find: () => Promise.resolve(endpoint) }
}
