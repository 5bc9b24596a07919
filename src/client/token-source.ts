import { createTransport } from '../http/transport/transport.js'
import { nested, readOptions } from '../options/read-options.js'
import {
  custom,
  described,
  optional,
  withDefault,
  type Result,
  type TableOf,
  restricting,
} from '../options/reader.js'
import { nonEmptyString, oneOf, unchecked } from '../options/readers.js'
import { issuerUrl, secureUrl } from '../options/url.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { duration, type Duration } from '../options/duration.js'
import {
  STYTCH_ADDRESS_OPTIONS,
  stytchApiUrl,
  type StytchAddressOptions,
} from '../providers/stytch/api-url.js'
import {
  keyAuthentication,
  secretAuthentication,
  type ClientAuthentication,
} from './authentication/client-authentication.js'
import { ClientCredentials, type ClientCredentialsSettings } from './grants/client-credentials.js'
import { readParameters } from './grants/parameters.js'
import { readPrivateKey, type PrivateKey } from '../model/private-key.js'
import { credentialReader, secretReader, type Secret } from '../options/secret.js'
import { sourceCredential } from './authentication/credential.js'
import { createSource } from './create-source.js'
import { SOURCE_OPTIONS, type CommonTokenSourceOptions } from './source-options.js'
import type { TokenSource } from './source.js'
import { DiscoveredEndpoint } from './grants/token-endpoint.js'
import { TOKEN_REQUEST_OPTIONS, tokenParameters, type TokenRequestOptions } from './token-request.js'

/** Options of {@link tokenSource}. Exactly one of `issuer`, `tokenEndpoint` and `stytch` is required. */
export interface TokenSourceOptions extends CommonTokenSourceOptions, TokenRequestOptions {
  /**
   * Issuer identifier. The token endpoint is discovered (OpenID Connect Discovery or RFC 8414). https, or http on
   * loopback.
   */
  readonly issuer?: string
  /** URL of the token endpoint, for issuers without discovery. https, or http on loopback. */
  readonly tokenEndpoint?: string
  /** Stytch project whose token endpoint is used. The credentials are sent in the form, as Stytch requires. */
  readonly stytch?: StytchAddressOptions

  /** Client identifier at the issuer (RFC 6749 section 2.2). */
  readonly clientId: string
  /**
   * Client secret. A function is called for every token request, so that the secret can be rotated without a
   * restart.
   */
  readonly clientSecret?: Secret
  /**
   * How the client authenticates: `'basic'` in the header, `'post'` in the form (RFC 6749 section 2.3.1), or
   * `'private_key_jwt'` with a JWT signed by its key (RFC 7523). Stytch supports `'post'` only.
   *
   * @defaultValue `'basic'`; `'post'` for Stytch
   */
  readonly authentication?: 'basic' | 'post' | 'private_key_jwt'
  /** Private key for `private_key_jwt`. A function is called for every token request. */
  readonly privateKey?: PrivateKey
  /**
   * The `kid` header of client assertions.
   *
   * @defaultValue the `kid` of the JWK, if the key is a JWK
   */
  readonly keyId?: string
  /**
   * Signature algorithm of client assertions (JWS `alg`).
   *
   * @defaultValue the `alg` of the JWK, otherwise RS256, ES256, ES384, ES512 or EdDSA by key type
   */
  readonly algorithm?: string
  /**
   * The `aud` claim of client assertions.
   *
   * @defaultValue `issuer`, or `tokenEndpoint` if that is set instead
   */
  readonly assertionAudience?: string

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

const WHERE = 'tokenSource'

/** Readers of {@link TokenSourceOptions}. */
export const TOKEN_SOURCE_OPTIONS = {
  ...SOURCE_OPTIONS,
  ...TOKEN_REQUEST_OPTIONS,
  issuer: optional(issuerUrl),
  tokenEndpoint: optional(secureUrl),
  stytch: optional(nested('{ projectId, apiUrl?, customDomain? }', STYTCH_ADDRESS_OPTIONS)),
  clientId: nonEmptyString,
  // `authentication` decides which of the following are required: see readAuthentication.
  clientSecret: unchecked<Secret>('string, promise or function'),
  authentication: optional(oneOf(['basic', 'post', 'private_key_jwt'])),
  privateKey: unchecked<PrivateKey>('PEM, JWK, KeyObject, promise or function'),
  keyId: optional(nonEmptyString),
  algorithm: optional(described(nonEmptyString, { bounds: 'asymmetric' })),
  assertionAudience: optional(nonEmptyString),
  parameters: restricting(withDefault(custom('object of strings', readParameters), {})),
  assumedLifetime: duration({ min: '1s', default: '5m' }),
  tokenType: oneOf(['bearer', 'any'], 'bearer'),
} satisfies TableOf<TokenSourceOptions>

type Settings = Result<typeof TOKEN_SOURCE_OPTIONS>

/**
 * Creates a {@link TokenSource} that uses the client credentials grant (RFC 6749 section 4.4) at any OAuth 2
 * issuer or at Stytch.
 * One token per audience and scope set is cached, obtained on first use and renewed before it expires.
 *
 * After a failure no request is sent for 1 s, doubling to 60 s, or for the issuer's `Retry-After` (an hour at
 * most) and jitter of up to the same length. Callers with a valid cached token are unaffected; others get the error immediately.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const orders = tokenSource({
 *   issuer: 'https://auth.example.com',
 *   clientId: 'billing',
 *   clientSecret: async () => (await readFile('/run/secrets/billing', 'utf8')).trim(),
 *   resource: 'https://orders.internal',
 *   scopes: 'orders:read',
 *   allowedOrigins: 'https://orders.internal',
 * })
 * const response = await orders.fetch('https://orders.internal/orders')
 * ```
 */
export function tokenSource(options: TokenSourceOptions): TokenSource {
  const settings = readOptions(WHERE, options, TOKEN_SOURCE_OPTIONS)
  const selected = (['issuer', 'tokenEndpoint', 'stytch'] as const).filter(
    (name) => settings[name] !== undefined,
  )
  if (selected.length !== 1)
    throw new ConfigurationError(WHERE, 'requires exactly one of issuer, tokenEndpoint and stytch')
  const transport = createTransport(settings.fetch)
  const grant = new ClientCredentials({
    endpoint: readEndpoint(settings),
    authentication: readAuthentication(settings),
    parameters: settings.parameters,
    response: { assumedLifetime: settings.assumedLifetime, tokenType: settings.tokenType },
    deadlineSeconds: settings.deadline,
    transport,
    clock: settings.clock,
  })
  const requestOptions =
    settings.stytch === undefined ? TOKEN_REQUEST_OPTIONS : { scopes: TOKEN_REQUEST_OPTIONS.scopes }
  return createSource(
    {
      where: WHERE,
      defaults: tokenParameters(settings),
      requestOptions,
      renewNonExpiringAfter: 0,
      grant,
      transport,
    },
    settings,
  )
}

function readEndpoint(settings: Settings): ClientCredentialsSettings['endpoint'] {
  const { assertionAudience, clock, insecureHosts } = settings
  if (settings.issuer !== undefined) {
    const discovered = new DiscoveredEndpoint(settings.issuer, clock, insecureHosts)
    return {
      find: async (lookup) => {
        const discoveredEndpoint = await discovered.find(lookup)
        return assertionAudience === undefined
          ? discoveredEndpoint
          : { ...discoveredEndpoint, assertionAudience }
      },
    }
  }
  const url = settings.stytch === undefined ? settings.tokenEndpoint : stytchUrl(settings, settings.stytch)
  if (url === undefined) throw new ConfigurationError(`${WHERE}.tokenEndpoint`, 'is required')
  const endpoint = { url, assertionAudience: assertionAudience ?? url }
  return { find: () => Promise.resolve(endpoint) }
}

function stytchUrl(settings: Settings, project: NonNullable<Settings['stytch']>): string {
  if (settings.authentication !== undefined && settings.authentication !== 'post')
    throw new ConfigurationError(`${WHERE}.authentication`, "must be 'post' for Stytch, or be omitted")
  for (const name of ['audience', 'resource'] as const) {
    if (settings[name] === undefined) continue
    throw new ConfigurationError(
      `${WHERE}.${name}`,
      'must be omitted for Stytch, where it is always the project id',
    )
  }
  return `${stytchApiUrl(project)}/v1/public/${encodeURIComponent(project.projectId)}/oauth2/token`
}

function readAuthentication(settings: Settings): ClientAuthentication {
  const { clientId, clock } = settings
  const method = settings.authentication ?? (settings.stytch === undefined ? 'basic' : 'post')
  switch (method) {
    case 'basic':
    case 'post':
      refuseIrrelevantOptions(
        settings,
        ['privateKey', 'keyId', 'algorithm', 'assertionAudience'],
        "applies to 'private_key_jwt' only. Remove it, or change authentication",
      )
      return secretAuthentication(
        method,
        clientId,
        sourceCredential(secretReader(`${WHERE}.clientSecret`, settings.clientSecret)),
      )
    case 'private_key_jwt': {
      refuseIrrelevantOptions(settings, ['clientSecret'], "does not apply to 'private_key_jwt'. Remove it")
      const requested = { algorithm: settings.algorithm, keyId: settings.keyId }
      const parse = (value: unknown): ReturnType<typeof readPrivateKey> =>
        readPrivateKey(WHERE, value, requested)
      return keyAuthentication(
        clientId,
        sourceCredential(credentialReader(`${WHERE}.privateKey`, settings.privateKey, parse)),
        // Only the time of the assertion is earlier.
        { ...clock, now: () => clock.now() - settings.clockSkew },
      )
    }
  }
}

/** An option without effect is probably a mistake, so it is refused. */
function refuseIrrelevantOptions(
  settings: Settings,
  names: readonly (keyof Settings)[],
  problem: string,
): void {
  const irrelevant = names.find((name) => settings[name] !== undefined)
  if (irrelevant !== undefined) throw new ConfigurationError(`${WHERE}.${irrelevant}`, problem)
}
