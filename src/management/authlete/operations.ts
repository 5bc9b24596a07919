import type {
  AuthleteIntrospectInput,
  AuthleteIntrospection,
  AuthleteStandardIntrospection,
  AuthleteIntrospectStandardInput,
} from './introspection-types.js'
import { type AuthleteTokenPage } from './list.js'
import { type AuthleteListedToken } from './response.js'
import type {
  AuthleteCreatedToken,
  AuthleteCreateInput,
  AuthleteDeleteInput,
  AuthleteListInput,
  AuthleteReissuedIdToken,
  AuthleteReissueIdTokenInput,
  AuthleteRevokeResult,
  AuthleteRevokeInput,
  AuthleteUpdatedToken,
  AuthleteUpdateInput,
} from './types.js'
import type { Listing } from '../api/listing.js'
import { type CallOptions } from '../api/call.js'

/**
 * Manages the tokens of a service at Authlete.
 *
 * Every operation rejects with a `ConfigurationError` that names an invalid input, before anything is sent. It
 * rejects with a `ManagementError` for any unusable response, including a failure that Authlete reports with
 * status 200 (`code` is its `resultCode`), and with the reason of `signal` once it is aborted. Changes are never
 * retried. Results are frozen. Times are seconds since the epoch. Secrets are not enumerable.
 */
export interface AuthleteTokens {
  /**
   * Lists tokens: `GET /auth/token/get/list`. Authlete does not return their values, so a token is identified by
   * its hash. Awaiting returns the first page (empty beyond the end). `for await` returns every token from
   * `start` to before `end`. Tokens that are removed meanwhile move the others forward: collect first, then
   * delete.
   *
   * @example
   * ```ts
   * for await (const { tokenHash, subject } of tokens.list({ clientId })) console.log(tokenHash, subject)
   * ```
   */
  list(input?: AuthleteListInput, options?: CallOptions): Listing<AuthleteListedToken, AuthleteTokenPage>
  /**
   * Creates a token: `POST /auth/token/create`. Durations are sent in whole seconds.
   *
   * @example
   * ```ts
   * const { token } = await tokens.create({ grantType: 'CLIENT_CREDENTIALS', clientId, scopes: 'orders:read' })
   * ```
   */
  create(input: AuthleteCreateInput, options?: CallOptions): Promise<AuthleteCreatedToken>
  /**
   * Changes a token: `POST /auth/token/update`. Properties that are not set stay unchanged. Authlete silently
   * drops scopes that the service does not know; the result contains the remaining ones. A guard that has cached
   * the token sees the change at its next introspection.
   *
   * @example
   * ```ts
   * const { scopes } = await tokens.update({ token, scopes: 'orders:read' })
   * ```
   */
  update(input: AuthleteUpdateInput, options?: CallOptions): Promise<AuthleteUpdatedToken>
  /**
   * Deletes a token and its refresh token: `DELETE /auth/token/delete/{token or hash}`.
   *
   * @example
   * ```ts
   * await tokens.delete({ tokenHash })
   * ```
   */
  delete(input: AuthleteDeleteInput, options?: CallOptions): Promise<void>
  /**
   * Revokes exactly one token, and the access or refresh token that belongs to it: `POST /auth/token/revoke`.
   * Rejects if the token does not exist, so that a misspelt token is not mistaken for a revocation.
   *
   * @example
   * ```ts
   * await tokens.revoke({ token })
   * ```
   */
  revoke(input: AuthleteRevokeInput, options?: CallOptions): Promise<AuthleteRevokeResult>
  /**
   * Revokes **every token of a client**, for every subject: `POST /auth/token/revoke`.
   *
   * @example
   * ```ts
   * const { count } = await tokens.revokeAllOfClient({ clientId })
   * ```
   */
  revokeAllOfClient(
    input: { readonly clientId: string | number },
    options?: CallOptions,
  ): Promise<AuthleteRevokeResult>
  /**
   * Revokes **every token of a client that belongs to one subject**: `POST /auth/token/revoke`.
   *
   * @example
   * ```ts
   * const { count } = await tokens.revokeAllOfClientAndSubject({ clientId, subject: 'alice' })
   * ```
   */
  revokeAllOfClientAndSubject(
    input: { readonly clientId: string | number; readonly subject: string },
    options?: CallOptions,
  ): Promise<AuthleteRevokeResult>
  /**
   * Revokes **every token of a subject**, at every client: `POST /auth/token/revoke`.
   *
   * @example
   * ```ts
   * const { count } = await tokens.revokeAllOfSubject({ subject: 'alice' })
   * ```
   */
  revokeAllOfSubject(
    input: { readonly subject: string },
    options?: CallOptions,
  ): Promise<AuthleteRevokeResult>
  /**
   * Reissues an ID token, for a token endpoint that received the action `ID_TOKEN_REISSUABLE`: `POST
   * /idtoken/reissue`.
   *
   * @example
   * ```ts
   * const { tokenResponse } = await tokens.reissueIdToken({ token, refreshToken })
   * ```
   */
  reissueIdToken(input: AuthleteReissueIdTokenInput, options?: CallOptions): Promise<AuthleteReissuedIdToken>
  /**
   * Introspects a token: `POST /auth/introspection`. The result is in `action`; an invalid token is a result, not
   * an error. Authlete checks only what the input requires. Use `createVerifier` to guard an API.
   *
   * @example
   * ```ts
   * const { action, subject } = await tokens.introspect({ token, scopes: 'orders:read' })
   * ```
   */
  introspect(input: AuthleteIntrospectInput, options?: CallOptions): Promise<AuthleteIntrospection>
  /**
   * Creates the response of your introspection endpoint (RFC 7662): `POST /auth/introspection/standard`.
   * Authenticate the caller of that endpoint yourself.
   *
   * @example
   * ```ts
   * const { format } = await tokens.introspectStandard({ parameters: body })
   * ```
   */
  introspectStandard(
    input: AuthleteIntrospectStandardInput,
    options?: CallOptions,
  ): Promise<AuthleteStandardIntrospection>
}
