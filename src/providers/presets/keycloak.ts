import type { Issuer } from '../../model/issuer/issuer.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { encodePathSegment } from '../../options/path-part.js'
import { readOptions } from '../../options/read-options.js'
import { mapped, optional, restricting, type TableOf } from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { secureUrl } from '../../options/url.js'
import { audience, type CommonIssuerOptions } from '../common-options.js'
import { baseUrl, name } from './names.js'
import { createPreset, INSECURE_HOSTS, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { isServiceAccount } from './callers/keycloak-service-account.js'

/** Options of {@link keycloak}. */
export interface KeycloakOptions extends PresetOptions, Pick<CommonIssuerOptions, 'insecureHosts'> {
  /** Base URL of the server, with its path if it has one: `'https://sso.example.com'`. */
  readonly url: string
  /** Name of the realm. */
  readonly realm: string
  /** Audience that an audience mapper adds to tokens for this API. `'account'` is refused, because all tokens may have it. */
  readonly audience: string | readonly string[] | null
  /**
   * Client whose roles (`resource_access.<client>.roles`) become scopes, besides `scope`.
   *
   * @defaultValue none: scopes are those of `scope`
   */
  readonly clientRoles?: string
  /**
   * URL of the realm's key set, if it differs from that in the discovery document, such as inside the cluster of a server
   * whose `url` is public. Nothing is then fetched from `url`.
   *
   * @defaultValue `jwks_uri` of the discovery document
   */
  readonly jwksUri?: string
}

/** Readers of {@link KeycloakOptions}. */
export const KEYCLOAK_OPTIONS = {
  ...PRESET_OPTIONS,
  ...INSECURE_HOSTS,
  url: mapped(baseUrl, (url, option) => {
    if (!/\/realms(?:\/|$)/.test(new URL(url).pathname)) return url
    throw new ConfigurationError(
      option,
      'must be the URL before /realms. Set realm to the name that follows it',
    )
  }),
  realm: name(/^[^/]+$/, "the name of the realm without a slash, such as 'acme'"),
  audience: mapped(audience, (accepted, option) => {
    if (accepted?.includes('account') !== true) return accepted
    throw new ConfigurationError(
      option,
      "must not be 'account', which tokens for every service of the realm may have. Add an audience mapper for this API",
    )
  }),
  clientRoles: restricting(optional(nonEmptyString)),
  jwksUri: restricting(optional(secureUrl)),
} satisfies TableOf<KeycloakOptions>

/**
 * Creates the issuer of a Keycloak realm. Only service accounts are accepted; tokens of people get 401 `claim_invalid`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [keycloak({ url: 'https://sso.example.com', realm: 'acme', audience: 'orders', clientRoles: 'orders' })],
 * })
 * ```
 */
export function keycloak(options: KeycloakOptions): Issuer {
  const settings = readOptions('keycloak', options, KEYCLOAK_OPTIONS)
  const { url, realm, audience: accepted, clientRoles, jwksUri } = settings
  const named = [options.scopeClaims ?? ['scope']].flat()
  const roles = clientRoles === undefined ? [] : [['resource_access', clientRoles, 'roles']]
  return createPreset({
    name: 'keycloak',
    claims: settings.claims,
    given: { ...options, scopeClaims: [...named, ...roles] },
    oauth: {
      issuer: `${url}/realms/${encodePathSegment('keycloak.realm', realm)}`,
      audience: accepted,
      ...(jwksUri === undefined ? {} : { jwksUri }),
    },
    rule: isServiceAccount,
  })
}
