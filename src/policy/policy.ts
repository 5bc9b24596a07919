import type { AccessToken } from '../model/access-token.js'
import type { GuardedRequest } from '../model/request.js'
import type { Duration } from '../options/duration.js'
import { type ScopeDemand } from '../model/scopes.js'

/**
 * What a route demands of a token. Everything is optional, everything given must hold; a verifier's, a
 * router's and a route's policies add to each other. Evaluated on every request.
 */
export interface Policy {
  /** Scopes the token must have: `'a b'` or `['a', 'b']` (all), `anyOf('a', 'b')`, `allOf('a', anyOf('b', 'c'))`. */
  readonly scopes?: ScopeDemand
  /**
   * Refuses a token once this long has passed since it was issued, and any token that does not say when.
   * 0 refuses every token. The clock tolerance is not added.
   */
  readonly maxTokenAge?: Duration
  /** Refuses tokens minted to live longer than this, those that never expire, and those that do not say. */
  readonly maxTokenLifetime?: Duration
  /**
   * The issuer must have vouched for the token remotely within this time; 0 asks on every request. Bounds
   * how long a revocation goes unnoticed. A JWT is accepted locally until it is this old, and confirmed
   * remotely beyond; where its issuer cannot be asked it is refused from then on.
   * An `iat` ahead of our clock counts as the moment the token came.
   */
  readonly confirmAfter?: Duration
  /**
   * How long past its lifetime a cached result of the issuer may still be used while the issuer is unavailable, but not
   * after a 429. Default 0; a guard in front that does not name it answers 503 before a route's is seen.
   */
  readonly staleIfError?: Duration
  /** Only tokens of these issuers: configured names or `iss` values. */
  readonly issuers?: string | readonly string[]
  /**
   * Only these client ids. The subject is compared in place of the client id only if the token names no client, in
   * `client_id`, `azp`, `cid`, `appid` or `clientId`: a user may have the name of a client (RFC 9068 section 5, RFC 9700 section 4.15).
   */
  readonly clients?: string | readonly string[]
  /** Only these subjects (`sub`). A token that states no subject is refused, whatever its client id. */
  readonly subjects?: string | readonly string[]
  /**
   * An own rule, asked last. `true` accepts; a string refuses and is sent as the reason; anything else,
   * an exception included, refuses.
   */
  readonly check?: (
    token: AccessToken,
    request?: GuardedRequest,
  ) => boolean | string | Promise<boolean | string>
}
