import type { ClientAuthenticationCombination } from '../../authentication/combinations.js'
import type { Requiring } from '../../options/combinations.js'
import { createAuthenticator } from '../../authentication/authenticator.js'
import {
  CLIENT_AUTHENTICATION_OPTIONS,
  type ClientAuthenticationOptions,
} from '../../authentication/options.js'
import { readOptions } from '../../options/read-options.js'
import { optional, type Result, type TableOf } from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { issuerUrlWithoutQuery, secureUrl } from '../../options/url.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { tokenForm } from '../../introspection/rfc7662.js'
import { EndpointFinder, type Operation } from './endpoints.js'
import { readIntrospection, type TokenIntrospection } from './introspection.js'
import { string } from '../../util/members.js'
import { sendAuthenticated } from './credentials.js'
import { MANAGEMENT_OPTIONS, VendorApi, type ManagementOptions } from '../api/vendor-api.js'
import { readSignal, type CallOptions } from '../api/call.js'
import type { VendorProfile } from '../api/vendor-profile.js'

/** Every option of {@link oauthTokens}. {@link OAuthTokensOptions} says which belong together. */
export interface AnyOAuthTokensOptions extends ManagementOptions, ClientAuthenticationOptions {
  /** Issuer identifier. Endpoints that are not set are discovered. https, or http on loopback. */
  readonly issuer?: string
  /**
   * URL of the introspection endpoint (RFC 7662). https, or http on loopback.
   *
   * @defaultValue discovered from `issuer`
   */
  readonly introspectionEndpoint?: string
  /**
   * URL of the revocation endpoint (RFC 7009). https, or http on loopback.
   *
   * @defaultValue discovered from `issuer`
   */
  readonly revocationEndpoint?: string
}

/**
 * Options of {@link oauthTokens}: either `issuer` or the endpoints that are used are required, and the options of one method of
 * authentication.
 */
export type OAuthTokensOptions = AnyOAuthTokensOptions &
  ClientAuthenticationCombination &
  (
    | Requiring<AnyOAuthTokensOptions, 'issuer'>
    | Requiring<AnyOAuthTokensOptions, 'introspectionEndpoint'>
    | Requiring<AnyOAuthTokensOptions, 'revocationEndpoint'>
  )

/** Readers of {@link AnyOAuthTokensOptions}. */
export const OAUTH_TOKENS_OPTIONS = {
  ...MANAGEMENT_OPTIONS,
  issuer: optional(issuerUrlWithoutQuery),
  introspectionEndpoint: optional(secureUrl),
  revocationEndpoint: optional(secureUrl),
  ...CLIENT_AUTHENTICATION_OPTIONS,
} satisfies TableOf<AnyOAuthTokensOptions>

type Settings = Result<typeof OAUTH_TOKENS_OPTIONS>

/** A token to introspect. */
export interface OAuthIntrospectInput {
  /** The token, of any kind. */
  readonly token: string
  /** Kind of the token, which may speed up the issuer's search: `access_token` or `refresh_token`. */
  readonly tokenTypeHint?: string
}

/** A token to revoke. */
export type OAuthRevokeInput = OAuthIntrospectInput

/**
 * Introspects and revokes tokens of an OAuth 2 issuer.
 *
 * Every operation rejects with a `ConfigurationError` that names an invalid input, before anything is sent. It
 * rejects with a `ManagementError` for any unusable response (`code` is OAuth's `error`), and with the reason of
 * `signal` once it is aborted.
 */
export interface OAuthTokens {
  /**
   * Introspects a token (RFC 7662). A token that is not active is a result with `active: false`, not an error.
   * Retried once after a temporary failure. Use `createVerifier` to guard an API.
   *
   * @example
   * ```ts
   * const { active, scopes } = await tokens.introspect({ token })
   * ```
   */
  introspect(input: OAuthIntrospectInput, options?: CallOptions): Promise<TokenIntrospection>
  /**
   * Revokes a token (RFC 7009). Also resolves if the issuer does not know the token, because it then is not valid
   * (section 2.2). Never retried.
   *
   * @example
   * ```ts
   * await tokens.revoke({ token, tokenTypeHint: 'refresh_token' })
   * ```
   */
  revoke(input: OAuthRevokeInput, options?: CallOptions): Promise<void>
}

/**
 * Creates a client that introspects and revokes tokens at any OAuth 2 issuer.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const tokens = oauthTokens({ issuer: 'https://auth.example.com', clientId, clientSecret })
 * await tokens.revoke({ token, tokenTypeHint: 'access_token' })
 * ```
 */
export function oauthTokens(options: OAuthTokensOptions): OAuthTokens {
  const client = readOptions('oauthTokens', options, OAUTH_TOKENS_OPTIONS)
  const api = new VendorApi(profileOf(client), client)
  const authenticator = createAuthenticator(client, {
    where: 'oauthTokens',
    fallback: 'basic',
    hasFetch: client.fetch !== undefined,
  })
  const endpoints = new EndpointFinder(api, readAddresses(client), authenticator.usesCertificate)
  const sender = { api, authenticator, endpoints, issuer: client.issuer }
  return Object.freeze<OAuthTokens>({
    introspect: async (input, callOptions) => {
      const call = { ...readOperation('introspect', input, callOptions), isRead: true }
      const { json } = await sendAuthenticated(sender, 'introspection_endpoint', call)
      const introspection = readIntrospection(json)
      if (introspection === undefined) throw api.incompleteResponse(call, 'no active member')
      return introspection
    },
    revoke: async (input, callOptions) => {
      const operation = readOperation('revoke', input, callOptions)
      // The body of the response is ignored (RFC 7009 section 2.2).
      await sendAuthenticated(sender, 'revocation_endpoint', {
        ...operation,
        isRead: false,
        ignoresBody: true,
      })
    },
  })
}

function readAddresses(settings: Settings): ConstructorParameters<typeof EndpointFinder>[1] {
  const { issuer, introspectionEndpoint, revocationEndpoint } = settings
  if (issuer === undefined && introspectionEndpoint === undefined && revocationEndpoint === undefined) {
    throw new ConfigurationError(
      'oauthTokens.issuer',
      'is required, unless introspectionEndpoint or revocationEndpoint is set',
    )
  }
  return {
    issuer,
    configured: { introspection_endpoint: introspectionEndpoint, revocation_endpoint: revocationEndpoint },
  }
}

const TOKEN_INPUT = {
  token: nonEmptyString,
  tokenTypeHint: optional(nonEmptyString),
} satisfies TableOf<OAuthIntrospectInput>

function readOperation(
  name: 'introspect' | 'revoke',
  input: OAuthIntrospectInput,
  options: CallOptions | undefined,
): Operation & { readonly form: Readonly<Record<string, string>> } {
  const operation = `oauthTokens.${name}`
  const { token, tokenTypeHint: hint } = readOptions(operation, input, TOKEN_INPUT)
  const signal = readSignal(operation, options)
  return { operation, signal, form: tokenForm(token, hint) }
}

/** The option with the credential, for advice. */
function credentialIn(settings: Settings): string {
  const names = ['clientSecret', 'privateKey', 'clientAssertion', 'clientCertificate'] as const
  return names.find((name) => settings[name] !== undefined) ?? 'clientSecret'
}

function profileOf(settings: Settings): VendorProfile {
  const credential = credentialIn(settings)
  return {
    ...PROFILE,
    advise: (...of) => PROFILE.advise(...of)?.replace('clientSecret', credential),
  }
}

const PROFILE: VendorProfile = {
  vendor: 'oauth',
  title: 'The issuer',
  // Every endpoint is an absolute URL.
  base: '',
  readProblem: ({ json }) => {
    if (!isRecord(json)) return {}
    const code = string(json, 'error')
    return {
      code: code !== undefined && /^[\w.:/-]{1,80}$/.test(code) ? code : undefined,
      message: string(json, 'error_description'),
    }
  },
  advise: (_operation, status, code) => (code === undefined ? undefined : ADVICE[code]) ?? ADVICE[status],
}

const ADVICE: Readonly<Record<string, string | undefined>> = {
  invalid_client: 'Check clientId, clientSecret and authentication: the issuer does not accept them',
  unauthorized_client:
    'The issuer does not allow this to this client: the token may belong to another client',
  unsupported_token_type:
    'The issuer does not support this kind of token, which stays valid until it expires',
  invalid_request: 'Check the token and the endpoint',
  401: 'Check clientId, clientSecret and authentication: the issuer does not accept them',
  403: 'Check the permissions of this client at the issuer',
  404: 'Check the URL of the endpoint',
  429: 'Wait before calling again',
}
