import { createAuthenticator } from '../../authentication/authenticator.js'
import { createTransport } from '../../http/transport/transport.js'
import { readOptions } from '../../options/read-options.js'
import { optional, type TableOf } from '../../options/reader.js'
import { secretOption, secretReader, type Secret } from '../../options/secret.js'
import { createSource } from '../create-source.js'
import {
  TOKEN_ENDPOINT_OPTIONS,
  tokenEndpointOf,
  type TokenEndpointCombination,
  type TokenEndpointOptions,
} from '../issuer-options.js'
import { SOURCE_OPTIONS, type CommonTokenSourceOptions } from '../source-options.js'
import type { TokenRequest, TokenSource } from '../source.js'
import { TOKEN_REQUEST_OPTIONS, tokenParameters, type TokenRequestOptions } from '../token-request.js'
import { clientIdentity } from './identity.js'
import { OAuthGrant } from './oauth-grant.js'
import { subjectOption, subjectReader } from './subject.js'

/** Every option of {@link jwtBearerTokenSource}. {@link JwtBearerTokenSourceOptions} says which belong together. */
export interface AnyJwtBearerTokenSourceOptions
  extends CommonTokenSourceOptions, TokenRequestOptions, TokenEndpointOptions {
  /**
   * The JWT that grants the token. A function is called for every token request. A JWT that `getToken` is called with takes
   * its place.
   *
   * @defaultValue none: every request needs one
   */
  readonly assertion?: Secret
}

/**
 * Options of {@link jwtBearerTokenSource}. Exactly one of `issuer` and `tokenEndpoint` is required, and the options of one method of
 * authentication.
 */
export type JwtBearerTokenSourceOptions = AnyJwtBearerTokenSourceOptions & TokenEndpointCombination

/** Parameters of one token request of a {@link JwtBearerTokenSource}. */
export interface JwtBearerTokenRequest extends TokenRequest {
  /** The JWT that grants the token, such as the token of the caller on whose behalf this service calls another one. */
  readonly assertion?: string
}

/** A source of tokens that a JWT grants. */
export interface JwtBearerTokenSource extends Omit<TokenSource, 'getToken' | 'fetch'> {
  /**
   * Returns a token for the next request, as {@link TokenSource} does. Each `assertion` has its own tokens.
   *
   * @example
   * ```ts
   * const token = await source.getToken({ assertion: callerToken, scopes: 'orders:read' })
   * ```
   */
  readonly getToken: (request?: JwtBearerTokenRequest) => Promise<string>
  /**
   * Sends a request with a token, as {@link TokenSource} does. Each `assertion` has its own tokens.
   *
   * @example
   * ```ts
   * const response = await source.fetch('https://orders.internal/orders', {}, { assertion: callerToken })
   * ```
   */
  readonly fetch: (
    url: string | URL | Request,
    init?: RequestInit,
    request?: Omit<JwtBearerTokenRequest, 'signal'>,
  ) => Promise<Response>
}

const WHERE = 'jwtBearerTokenSource'

/** Readers of {@link AnyJwtBearerTokenSourceOptions}. */
export const JWT_BEARER_OPTIONS = {
  ...SOURCE_OPTIONS,
  ...TOKEN_REQUEST_OPTIONS,
  ...TOKEN_ENDPOINT_OPTIONS,
  assertion: optional(secretOption),
} satisfies TableOf<AnyJwtBearerTokenSourceOptions>

/**
 * Creates a token source that uses the JWT bearer grant (RFC 7523 section 2.1): a JWT of this service, of a platform or of a
 * caller is exchanged for an access token. Google service accounts and the on-behalf-of flow of Entra use it. Tokens are
 * cached per JWT, audience and scope set, at most `maxTokens` of them.
 *
 * Client authentication is optional in this grant. Set `authentication: 'none'` if the issuer needs none.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const orders = jwtBearerTokenSource({
 *   issuer: 'https://auth.example.com',
 *   authentication: 'none',
 *   assertion: () => readFile('/var/run/secrets/tokens/issuer', 'utf8'),
 *   resource: 'https://orders.internal',
 *   allowedOrigins: 'https://orders.internal',
 * })
 * const response = await orders.fetch('https://orders.internal/orders')
 * ```
 */
export function jwtBearerTokenSource(options: JwtBearerTokenSourceOptions): JwtBearerTokenSource {
  const settings = readOptions(WHERE, options, JWT_BEARER_OPTIONS)
  const hasFetch = settings.fetch !== undefined
  const authentication = createAuthenticator(settings, { where: WHERE, fallback: 'basic', hasFetch })
  const transport = createTransport(settings.fetch)
  const assertion =
    settings.assertion === undefined
      ? undefined
      : secretReader(`${WHERE}.assertion`, settings.assertion, jwtProblem)
  const grant = new OAuthGrant({
    identity: clientIdentity(WHERE, settings),
    endpoint: tokenEndpointOf(WHERE, settings, authentication),
    authentication,
    parameters: settings.parameters,
    assumedLifetime: settings.assumedLifetime,
    tokenType: settings.tokenType,
    clockSkew: settings.clockSkew,
    deadlineSeconds: settings.deadline,
    transport,
    clock: settings.clock,
    readGrant: async ({ subject }) => {
      const value = subject?.token ?? (await assertion?.read()) ?? ''
      const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: value }
      return { form, secrets: [value] }
    },
  })
  const requestOptions = { ...TOKEN_REQUEST_OPTIONS, assertion: subjectOption(jwtProblem) }
  return createSource(
    {
      where: WHERE,
      defaults: tokenParameters(settings),
      requestOptions,
      subjectOf: subjectReader('assertion', assertion !== undefined),
      renewNonExpiringAfter: 0,
      grant,
      transport,
    },
    settings,
  )
}

/** Whether a value is not a JWT (RFC 7519 section 3). The message does not quote it. */
function jwtProblem(value: string): string | undefined {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(value)
    ? undefined
    : 'must be a JWT: three parts of base64url with dots between them'
}
