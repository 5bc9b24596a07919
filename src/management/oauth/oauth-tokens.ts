import { proveBySecret, type SecretCredentials } from '../../http/client-authentication.js'
import { readOptions } from '../../options/read-options.js'
import { optional, type Result, type TableOf } from '../../options/reader.js'
import { nonEmptyString, oneOf } from '../../options/readers.js'
import { issuerUrlWithoutQuery, secureUrl } from '../../options/url.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { tokenForm } from '../../introspection/rfc7662.js'
import { EndpointFinder, type Operation } from './endpoints.js'
import { readIntrospection, type TokenIntrospection } from './introspection.js'
import { string } from '../../util/members.js'
import { MANAGEMENT_OPTIONS, VendorApi, type ManagementOptions } from '../api/vendor-api.js'
import { readSignal, type CallOptions, type VendorCall } from '../api/call.js'
import type { VendorProfile } from '../api/vendor-profile.js'

/** Options of {@link oauthTokens}: `issuer`, or the addresses of the endpoints that are used. */
export interface OAuthTokensOptions extends ManagementOptions {
  /** The issuer identifier. Endpoints that are not given are discovered from it. */
  readonly issuer?: string
  /** Where tokens are asked about (RFC 7662). */
  readonly introspectionEndpoint?: string
  /** Where tokens are revoked (RFC 7009). */
  readonly revocationEndpoint?: string
  /** Our own id at the issuer. */
  readonly clientId: string
  /** Our own secret at the issuer. */
  readonly clientSecret: string
  /** `basic` sends the credentials in the header (RFC 6749 section 2.3.1), `post` in the form. Default `'basic'`. */
  readonly authentication?: 'basic' | 'post'
}

/** The options of {@link oauthTokens}. */
export const OAUTH_TOKENS_OPTIONS = {
  ...MANAGEMENT_OPTIONS,
  issuer: optional(issuerUrlWithoutQuery),
  introspectionEndpoint: optional(secureUrl),
  revocationEndpoint: optional(secureUrl),
  clientId: nonEmptyString,
  clientSecret: nonEmptyString,
  authentication: oneOf(['basic', 'post'], 'basic'),
} satisfies TableOf<OAuthTokensOptions>

type Settings = Result<typeof OAUTH_TOKENS_OPTIONS>

/** A token to ask about. */
export interface OAuthIntrospectInput {
  readonly token: string
  /** What kind of token it is, where that is known: the issuer then looks there first. `access_token`, `refresh_token`. */
  readonly tokenTypeHint?: string
}

/** A token to revoke. */
export type OAuthRevokeInput = OAuthIntrospectInput

/**
 * The tokens of any OAuth 2 issuer. Every operation rejects with a `ConfigurationError` naming the input that is
 * wrong, before anything is sent; with a `ManagementError` for whatever is no good response (`code` is OAuth's
 * `error`); and with the reason of `signal` once that is aborted.
 */
export interface OAuthTokens {
  /**
   * Asks what the issuer says of a token (RFC 7662). A token that is not good is a result, `active: false`, not
   * an error. To guard an API use `createVerifier`.
   */
  introspect(input: OAuthIntrospectInput, options?: CallOptions): Promise<TokenIntrospection>
  /**
   * Revokes a token (RFC 7009). Resolves for a token that the issuer does not know as well: it is good for
   * nothing, and more the issuer does not say. Sent once and never again by itself.
   */
  revoke(input: OAuthRevokeInput, options?: CallOptions): Promise<void>
}

/**
 * Introspects and revokes tokens at any OAuth 2 issuer.
 *
 * ```ts
 * const tokens = oauthTokens({ issuer: 'https://auth.example.com', clientId, clientSecret })
 * await tokens.revoke({ token, tokenTypeHint: 'access_token' })
 * ```
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
 */
export function oauthTokens(options: OAuthTokensOptions): OAuthTokens {
  const client = readOptions('oauthTokens', options, OAUTH_TOKENS_OPTIONS)
  const api = new VendorApi(PROFILE, client)
  const endpoints = new EndpointFinder(api, readAddresses(client))
  return Object.freeze<OAuthTokens>({
    introspect: async (input, callOptions) => {
      const asking = readOperation('introspect', input, callOptions)
      const call = { ...asking, ...(await endpoints.find('introspection_endpoint', asking)), isRead: true }
      const { json } = await api.call(withCredentials(client, call))
      const introspection = readIntrospection(json)
      if (introspection === undefined)
        throw api.incompleteResponse(call, 'saying whether the token is active')
      return introspection
    },
    revoke: async (input, callOptions) => {
      const asking = readOperation('revoke', input, callOptions)
      const found = await endpoints.find('revocation_endpoint', asking)
      // RFC 7009 section 2.2: the body of the response says nothing.
      const call = { ...asking, ...found, isRead: false, ignoresBody: true }
      await api.call(withCredentials(client, call))
    },
  })
}

function readAddresses(own: Settings): ConstructorParameters<typeof EndpointFinder>[1] {
  const { issuer, introspectionEndpoint, revocationEndpoint } = own
  if (issuer === undefined && introspectionEndpoint === undefined && revocationEndpoint === undefined) {
    throw new ConfigurationError(
      'oauthTokens.issuer',
      'is required, unless introspectionEndpoint or revocationEndpoint is given',
    )
  }
  return {
    issuer,
    given: { introspection_endpoint: introspectionEndpoint, revocation_endpoint: revocationEndpoint },
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

/** Adds the client's credentials to a call. */
function withCredentials<C extends { readonly form: Readonly<Record<string, string>> }>(
  client: SecretCredentials,
  call: C,
): C & Pick<VendorCall, 'headers' | 'secrets'> & { readonly method: 'POST' } {
  const { headers, form, secrets } = proveBySecret(client)
  return {
    ...call,
    method: 'POST',
    headers,
    form: { ...call.form, ...form },
    secrets: [call.form['token'] ?? '', ...secrets],
  }
}

const PROFILE: VendorProfile = {
  vendor: 'oauth',
  title: 'The issuer',
  // The endpoints are addresses of their own, each a whole one.
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
  unauthorized_client: 'The issuer does not let this client do it: it may be the token of another client',
  unsupported_token_type: 'The issuer cannot do this for this kind of token: it stays good until it expires',
  invalid_request: 'Check the token, and the endpoint',
  401: 'Check clientId, clientSecret and authentication: the issuer does not accept them',
  403: 'Check what the issuer lets this client do',
  404: 'Check the address of the endpoint',
  429: 'Wait before calling again',
}
