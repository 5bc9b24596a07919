import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import { mapped, optional, withDefault, type TableOf } from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { secretOption, secretReader, type CredentialReader, type Secret } from '../../options/secret.js'
import type { TokenEndpointCombination } from '../issuer-options.js'
import type { TokenRequest, TokenSource } from '../source.js'
import { subjectOption } from './subject.js'
import { createSubjectSource, SUBJECT_SOURCE_OPTIONS, type SubjectSourceOptions } from './subject-source.js'

/**
 * Type of a token (RFC 8693 section 3): a short name, or any other URN. `'access_token'` stands for
 * `urn:ietf:params:oauth:token-type:access_token`.
 */
export type TokenType =
  | 'access_token'
  | 'id_token'
  | 'jwt'
  | 'refresh_token'
  | 'saml1'
  | 'saml2'
  | (string & {})

/** Every option of {@link tokenExchangeSource}. {@link TokenExchangeSourceOptions} says which belong together. */
export interface AnyTokenExchangeSourceOptions extends SubjectSourceOptions {
  /**
   * The token to exchange, such as that of a platform. A function is called for every token request. A token that `getToken`
   * is called with takes its place.
   *
   * @defaultValue none: every request needs one
   */
  readonly subjectToken?: Secret
  /**
   * Type of the subject token.
   *
   * @defaultValue `'access_token'`
   */
  readonly subjectTokenType?: TokenType
  /**
   * Token of this service, if the issued token is to name it as the actor. A function is called for every token request.
   *
   * @defaultValue none
   */
  readonly actorToken?: Secret
  /**
   * Type of the actor token.
   *
   * @defaultValue `'access_token'`
   */
  readonly actorTokenType?: TokenType
  /**
   * Type of the issued token, which must be one that is sent as a bearer token.
   *
   * @defaultValue none: the issuer decides
   */
  readonly requestedTokenType?: TokenType
}

/**
 * Options of {@link tokenExchangeSource}. Exactly one of `issuer` and `tokenEndpoint` is required, and the options of one method of
 * authentication.
 */
export type TokenExchangeSourceOptions = AnyTokenExchangeSourceOptions & TokenEndpointCombination

/** Parameters of one token request of a {@link TokenExchangeSource}. */
export interface TokenExchangeRequest extends TokenRequest {
  /** The token to exchange, such as the one of the caller on whose behalf this service calls another one. */
  readonly subjectToken?: string
}

/** A source of tokens that others are exchanged for. */
export interface TokenExchangeSource extends Omit<TokenSource, 'getToken' | 'fetch'> {
  /**
   * Returns a token for the next request, as {@link TokenSource} does. Each `subjectToken` has its own tokens.
   *
   * @example
   * ```ts
   * const token = await source.getToken({ subjectToken: callerToken, scopes: 'orders:read' })
   * ```
   */
  readonly getToken: (request?: TokenExchangeRequest) => Promise<string>
  /**
   * Sends a request with a token, as {@link TokenSource} does. Each `subjectToken` has its own tokens.
   *
   * @example
   * ```ts
   * const response = await source.fetch('https://orders.internal/orders', {}, { subjectToken: callerToken })
   * ```
   */
  readonly fetch: (
    url: string | URL | Request,
    init?: RequestInit,
    request?: Omit<TokenExchangeRequest, 'signal'>,
  ) => Promise<Response>
}

const WHERE = 'tokenExchangeSource'
const SHORT_NAMES = ['access_token', 'id_token', 'jwt', 'refresh_token', 'saml1', 'saml2']

const tokenType = mapped(nonEmptyString, (value, option) => {
  if (SHORT_NAMES.includes(value)) return `urn:ietf:params:oauth:token-type:${value}`
  if (URL.canParse(value)) return value
  throw new ConfigurationError(
    option,
    `must be ${SHORT_NAMES.map((name) => `'${name}'`).join(', ')} or a URN`,
  )
})
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** Readers of {@link AnyTokenExchangeSourceOptions}. */
export const TOKEN_EXCHANGE_OPTIONS = {
  ...SUBJECT_SOURCE_OPTIONS,
  subjectToken: optional(secretOption),
  subjectTokenType: withDefault(tokenType, ACCESS_TOKEN),
  actorToken: optional(secretOption),
  actorTokenType: optional(tokenType),
  requestedTokenType: optional(tokenType),
} satisfies TableOf<AnyTokenExchangeSourceOptions>

/**
 * Creates a token source that exchanges tokens (RFC 8693): the token of a caller for one that this service may send to
 * another service, or the token of a platform for one of the issuer. Tokens are cached per subject token, audience and scope
 * set, at most `maxTokens` of them. The cache key contains the digest of the subject token only.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const orders = tokenExchangeSource({
 *   issuer: 'https://auth.example.com',
 *   clientId: 'gateway',
 *   clientSecret: () => readFile('/run/secrets/gateway', 'utf8'),
 *   resource: 'https://orders.internal',
 *   allowedOrigins: 'https://orders.internal',
 * })
 * const response = await orders.fetch('https://orders.internal/orders', {}, { subjectToken: callerToken })
 * ```
 */
export function tokenExchangeSource(options: TokenExchangeSourceOptions): TokenExchangeSource {
  const settings = readOptions(WHERE, options, TOKEN_EXCHANGE_OPTIONS)
  const { actorTokenType = ACCESS_TOKEN, requestedTokenType, subjectTokenType } = settings
  if (settings.actorTokenType !== undefined && settings.actorToken === undefined)
    throw new ConfigurationError(`${WHERE}.actorTokenType`, 'has no effect without actorToken. Leave it out')
  const subjectToken = readerOf('subjectToken', settings.subjectToken)
  const actorToken = readerOf('actorToken', settings.actorToken)
  return createSubjectSource(WHERE, settings, {
    subjectName: 'subjectToken',
    subjectOption: subjectOption(),
    hasSubject: subjectToken !== undefined,
    grantNames: [`${WHERE}.subjectToken`, `${WHERE}.actorToken`],
    readGrant: async ({ subject }) => {
      const value = subject?.token ?? (await subjectToken?.read()) ?? ''
      const actor = await actorToken?.read()
      return {
        form: {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: value,
          subject_token_type: subjectTokenType,
          ...(actor === undefined ? {} : { actor_token: actor, actor_token_type: actorTokenType }),
          ...(requestedTokenType === undefined ? {} : { requested_token_type: requestedTokenType }),
        },
        secrets: [value, ...(actor === undefined ? [] : [actor])],
      }
    },
  })
}

function readerOf(name: string, secret: Secret | undefined): CredentialReader<string> | undefined {
  return secret === undefined ? undefined : secretReader(`${WHERE}.${name}`, secret)
}
