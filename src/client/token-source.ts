import { createAuthenticator, type Authenticator } from '../authentication/authenticator.js'
import { createTransport } from '../http/transport/transport.js'
import type { Requiring, Without } from '../options/combinations.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { nested, readOptions } from '../options/read-options.js'
import { optional, type Result, type TableOf } from '../options/reader.js'
import {
  STYTCH_ADDRESS_OPTIONS,
  stytchApiUrl,
  type StytchAddressOptions,
} from '../providers/stytch/api-url.js'
import { createSource } from './create-source.js'
import { clientIdentity } from './grants/identity.js'
import { CLIENT_CREDENTIALS, OAuthGrant } from './grants/oauth-grant.js'
import {
  fixedEndpoint,
  TOKEN_ENDPOINT_OPTIONS,
  tokenEndpointOf,
  type TokenEndpointCombination,
  type TokenEndpointOptions,
} from './issuer-options.js'
import type { TokenSource } from './source.js'
import { SOURCE_OPTIONS, type CommonTokenSourceOptions } from './source-options.js'
import { TOKEN_REQUEST_OPTIONS, tokenParameters, type TokenRequestOptions } from './token-request.js'

/** Every option of {@link tokenSource}. {@link TokenSourceOptions} says which belong together. */
export interface AnyTokenSourceOptions
  extends CommonTokenSourceOptions, TokenRequestOptions, TokenEndpointOptions {
  /** Stytch project whose token endpoint is used. The credentials are sent in the form, as Stytch requires. */
  readonly stytch?: StytchAddressOptions
}

/** Stytch: its project takes the place of the issuer and of the audience, and the client sends its secret in the form. */
interface StytchCombination
  extends
    Requiring<AnyTokenSourceOptions, 'stytch' | 'clientId' | 'clientSecret'>,
    Without<'issuer' | 'tokenEndpoint' | 'audience' | 'resource' | 'clientAssertion'>,
    Without<'privateKey' | 'keyId' | 'algorithm' | 'assertionAudience' | 'assertionHeader'> {
  readonly authentication?: 'post'
}

/**
 * Options of {@link tokenSource}. Exactly one of `issuer`, `tokenEndpoint` and `stytch` is required, and the options of one method
 * of authentication.
 */
export type TokenSourceOptions = AnyTokenSourceOptions &
  (StytchCombination | (TokenEndpointCombination & Without<'stytch'>))

const WHERE = 'tokenSource'

/** Readers of {@link AnyTokenSourceOptions}. */
export const TOKEN_SOURCE_OPTIONS = {
  ...SOURCE_OPTIONS,
  ...TOKEN_REQUEST_OPTIONS,
  stytch: optional(nested('{ projectId, apiUrl?, customDomain? }', STYTCH_ADDRESS_OPTIONS)),
  ...TOKEN_ENDPOINT_OPTIONS,
} satisfies TableOf<AnyTokenSourceOptions>

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
 *   clientSecret: () => readFile('/run/secrets/billing', 'utf8'),
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
  const authentication = readAuthentication(settings)
  const grant = new OAuthGrant({
    identity: clientIdentity(WHERE, settings, settings.stytch && stytchUrl(settings, settings.stytch)),
    readGrant: CLIENT_CREDENTIALS,
    endpoint: readEndpoint(settings, authentication),
    authentication,
    parameters: settings.parameters,
    assumedLifetime: settings.assumedLifetime,
    tokenType: settings.tokenType,
    clockSkew: settings.clockSkew,
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

function readEndpoint(settings: Settings, authentication: Authenticator): ReturnType<typeof tokenEndpointOf> {
  return settings.stytch === undefined
    ? tokenEndpointOf(WHERE, settings, authentication)
    : fixedEndpoint(stytchUrl(settings, settings.stytch))
}

function stytchUrl(settings: Settings, project: NonNullable<Settings['stytch']>): string {
  for (const name of ['audience', 'resource'] as const) {
    if (settings[name] === undefined) continue
    throw new ConfigurationError(
      `${WHERE}.${name}`,
      'must be omitted for Stytch, where it is always the project id',
    )
  }
  return `${stytchApiUrl(project)}/v1/public/${encodeURIComponent(project.projectId)}/oauth2/token`
}

function readAuthentication(settings: Settings): Authenticator {
  const { stytch, authentication } = settings
  if (stytch !== undefined && authentication !== undefined && authentication !== 'post')
    throw new ConfigurationError(`${WHERE}.authentication`, "must be 'post' for Stytch, or be omitted")
  const fallback = stytch === undefined ? 'basic' : 'post'
  return createAuthenticator(settings, { where: WHERE, fallback, hasFetch: settings.fetch !== undefined })
}
