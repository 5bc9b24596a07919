import type { AccessToken } from '../model/access-token.js'
import type { ClaimRules } from '../model/claim-rule.js'
import type { Refusal } from '../model/refusal/refusal.js'
import type { GuardedRequest } from '../model/request.js'
import type { Duration } from '../options/duration.js'
import { type ScopeDemand } from '../model/scopes.js'

/**
 * Requirements that a route has for a token. All properties are optional, and all that are set must be met. Policies of
 * a verifier, a router and a route all apply. They are evaluated on every request, for cached tokens too.
 *
 * A property must not be `undefined`: leave it out instead, so that an accidentally undefined requirement is not dropped.
 *
 * @example
 * ```ts
 * const policy: Policy = { scopes: 'orders:read', maxTokenAge: '1h', clients: ['billing'] }
 * ```
 */
export interface Policy {
  /**
   * Required scopes: `'a b'` or `['a', 'b']` (all), `anyOf('a', 'b')`, `allOf('a', anyOf('b', 'c'))`. At least one.
   *
   * Refuses with 403 `scope_insufficient`.
   */
  readonly scopes?: ScopeDemand
  /**
   * Maximum time since the token was issued. 0 refuses every token. The clock tolerance is not added.
   *
   * Refuses with 401 `token_too_old`, and a token without `iat` with `claim_missing`.
   */
  readonly maxTokenAge?: Duration
  /**
   * Maximum lifetime with which the token was minted (`exp` minus `iat`).
   *
   * Refuses with 401 `lifetime_too_long`, also if `exp` or `iat` is absent.
   */
  readonly maxTokenLifetime?: Duration
  /**
   * Maximum time since the issuer last confirmed the token remotely; 0 confirms on every request. It limits how long a
   * revocation stays unnoticed.
   *
   * A JWT is accepted locally until it is this old, and confirmed remotely from then on. An `iat` in the future counts
   * as the time at which the token arrived. Refuses with 401 `confirmation_impossible` if the issuer has no endpoint for
   * it.
   */
  readonly confirmAfter?: Duration
  /**
   * Time past its lifetime for which a cached result may still be used while the issuer is unavailable, but not after a
   * 429. The shortest of all policies applies, and a policy with `confirmAfter` and without `staleIfError` counts as 0.
   *
   * A guard without it responds 503 before the policy of a route behind it is evaluated.
   *
   * @defaultValue 0
   */
  readonly staleIfError?: Duration
  /**
   * Allowed issuers: configured names or `iss` values. At least one.
   *
   * Refuses with 403 `issuer_not_allowed`.
   *
   * @defaultValue all
   */
  readonly issuers?: string | readonly string[]
  /**
   * Allowed client ids, as the issuer's `clientClaims` name them. At least one. The subject is compared in place of the
   * client id only if neither `clientClaims` nor one of `client_id`, `azp`, `cid`, `appid` and `clientId` names a client,
   * because a user may have the name of a client (RFC 9068 section 5, RFC 9700 section 4.15).
   *
   * Refuses with 403 `client_not_allowed`.
   *
   * @defaultValue all
   */
  readonly clients?: string | readonly string[]
  /**
   * Allowed subjects (`sub`). At least one. A token without a subject is refused, even if it has a client id.
   *
   * Refuses with 403 `subject_not_allowed`.
   *
   * @defaultValue all
   */
  readonly subjects?: string | readonly string[]
  /**
   * Rule about claims: `{ tenant: 'acme', region: ['eu', 'us'] }`. Each claim must equal one of its values, and a claim that
   * is a list must contain one of them. At least one claim. See {@link ClaimRules}.
   *
   * For a token that its issuer has introspected, these are the members of the response. If the issuer has confirmed a JWT,
   * the claims in the confirmation must not contradict the rule.
   *
   * Refuses with 403 `claims_insufficient`.
   *
   * @defaultValue none
   */
  readonly claims?: ClaimRules
  /**
   * Custom rule, called last. Only `true` accepts. A string refuses and is sent as `error_description`, at most 200
   * characters. A {@link Refusal} that is returned or thrown is used as it is, such as `new Refusal('token_revoked')`. Any
   * other result and any other exception refuse too.
   *
   * Refuses with 403 `check_failed`, or with the returned or thrown {@link Refusal}.
   */
  readonly check?: (
    token: AccessToken,
    request?: GuardedRequest,
  ) => boolean | string | Refusal | Promise<boolean | string | Refusal>
}
