import type { AccessToken, TokenFacts } from '../access-token.js'
import type { KeySettings, RequestHeaders } from './issuer-settings.js'
import type { VerificationFailure } from '../refusal/refusal.js'
import type { RemoteProfile } from './remote-profile.js'
import type { ScopeMatcher } from '../scopes.js'

/**
 * Issuer of access tokens, described as data: which tokens it accepts, and how they are verified. `oauth`, `clerk`,
 * `stytch` and `authlete` create issuers; an application can implement its own. An issuer is stateless, because the
 * verifier caches keys and responses.
 */
export interface Issuer {
  /** Name of the issuer in refusals, events, `health()` and policies. Unique within a verifier. */
  readonly name: string
  /** Kind of issuer, as it appears in `AccessToken.provider`. */
  readonly provider: string
  /**
   * Audiences that identify this API. A token must name one of them; `null` disables the check. Read once, by
   * `createVerifier`.
   */
  readonly audience: readonly string[] | null
  /** Compares a granted scope with a required one. */
  readonly scopeMatcher: ScopeMatcher
  /** How JWTs are routed and verified; absent if the issuer's JWTs are not accepted. */
  readonly jwt?: JwtProfile
  /** Which opaque tokens are accepted; absent if none are. Requires {@link Issuer.remote}. */
  readonly opaque?: OpaqueProfile
  /** How a token is verified remotely; absent if the issuer has no endpoint for it. */
  readonly remote?: RemoteProfile
  /**
   * Tenants of the issuer, whose `iss` values differ in one path segment. `name` is then the template of `iss`, such as
   * `https://login.example.com/{tenant}/v2.0`, and `jwt.issuers` is not used. All tenants share `jwt.keys` and `remote`.
   * If `jwt.keys` is `null` or `remote` is absent, each tenant has its own.
   */
  readonly tenants?: TenantProfile
  /** Custom rule about the caller. Evaluated on every request, for cached tokens too. */
  readonly validateToken?: (token: AccessToken) => VerificationFailure | undefined
  /**
   * Custom `fetch` for keys, discovery and introspection, such as for a proxy or a private CA.
   *
   * @defaultValue the connections of this package
   */
  readonly fetch?: typeof fetch
  /**
   * Hosts, such as `'keycloak:8080'`, at which the issuer is called over plain http. Without a port, port 80 is meant.
   *
   * @defaultValue none: `http:` is allowed for loopback only
   */
  readonly insecureHosts?: readonly string[]
}

/** Which tenants of an issuer are accepted, and how the tokens of one tenant are verified. */
export interface TenantProfile {
  /**
   * Accepted tenants: a list of at most 1,000, or a function. The function is called once per request with the tenant of
   * an unverified token, before anything is fetched; for cached tokens too. Only the result `true` accepts the tenant.
   */
  readonly allowed: readonly string[] | ((tenant: string) => boolean)
  /**
   * Maximum number of tenants in memory if `allowed` is a function, from 1 to 10,000.
   *
   * @defaultValue 100
   */
  readonly maxTenants?: number
  /**
   * Further templates of `iss` of the same tenants, besides `name`, such as that of an older token version. The values of
   * `jwt.issuers` that `describe` returns are then the `iss` of the tenant by each template, that of `name` first.
   *
   * @defaultValue none
   */
  readonly templates?: readonly string[]
  /**
   * Reads the credential that all tenants have in common, in place of `readCredential` of each tenant's
   * {@link RemoteProfile}. The result is cached once for all tenants, and a rejection by any of them causes at most one
   * further read in `breakerPause` seconds.
   *
   * @defaultValue each tenant reads its own credential
   */
  readonly readCredential?: () => unknown
  /**
   * Describes a tenant as an issuer without `tenants`. Its `name` and its first value of `jwt.issuers` are the tenant's
   * `iss`. Makes no network call.
   */
  readonly describe: (tenant: string) => Issuer
}

/** How JWTs of an issuer are routed and verified. */
export interface JwtProfile {
  /**
   * Exact `iss` values of the issuer's tokens; `null` if {@link JwtProfile.subjectPrefix} or {@link JwtProfile.recognises}
   * decides.
   */
  readonly issuers: readonly string[] | null
  /**
   * Beginning of `sub` in the issuer's tokens, for issuers that write no `iss`, such as SPIFFE trust domains. Used for
   * routing only, if no issuer has the `iss` of a token. Two issuers must not have overlapping prefixes.
   */
  readonly subjectPrefix?: string
  /**
   * Whether an unverified JWT belongs to this issuer, for issuers whose `iss` is unknown. Used for routing only,
   * never for trust.
   */
  readonly recognises?: (unverified: UnverifiedJwt) => boolean
  /**
   * `local` verifies JWTs with the issuer's keys. `remote` introspects every JWT and caches the result; the JWT's own
   * `exp`, `nbf`, `iat` and `cnf` can then only refuse it.
   */
  readonly checked: 'local' | 'remote'
  /** Source of the keys; `null` only if `checked` is `remote`, or if each tenant has its own: see {@link Issuer.tenants}. */
  readonly keys: KeySource | null
  /** Accepted `alg` values (RFC 8725 section 3.1). Asymmetric algorithms only. */
  readonly algorithms: readonly string[]
  /** Validates the header, such as its type or category, before a key is looked up. */
  readonly validateHeader: (header: Readonly<Record<string, unknown>>) => VerificationFailure | undefined
  /**
   * Validates and reads the claims of a JWT with a valid signature, once per token. The result must depend on the
   * arguments only, because it is cached.
   *
   * Times, audience and `cnf` are checked for every issuer. The `exp`, `nbf` and `iat` of the JWT apply: the facts can
   * only state an earlier expiry, a later `nbf`, or a time of issue if there is no `iat`.
   */
  readonly readClaims: (
    claims: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>>,
  ) => TokenFacts | VerificationFailure
}

/** Decoded JWT whose signature is not verified: for routing only, never for trust. Frozen. */
export interface UnverifiedJwt {
  /** JOSE header (RFC 7515 section 4). */
  readonly header: Readonly<Record<string, unknown>>
  /** Claims (RFC 7519 section 4). */
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * Source of an issuer's keys: a JWK Set, a PEM key, the URL of a key set, or the issuer's discovery document. At least
 * one key of `static` or `pem` must be usable.
 */
export type KeySource =
  | {
      /** Marks a key set that is part of the configuration. No keys are fetched. */
      readonly kind: 'static'
      /** JWK Set (RFC 7517 section 5). */
      readonly jwks: {
        /** Public keys as JWKs (RFC 7517 section 4). Unusable ones are ignored. */
        readonly keys: readonly unknown[]
      }
    }
  | {
      /** Marks a single key that is part of the configuration. No keys are fetched. */
      readonly kind: 'pem'
      /** Public key or certificate in PEM form. */
      readonly pem: string
    }
  | {
      /** Marks a key set that is fetched from a fixed URL. */
      readonly kind: 'remote'
      /** URL of the key set. https, or http on loopback and {@link Issuer.insecureHosts}. */
      readonly url: string
      /**
       * Headers of the request, for key sets that require credentials. It is a function, so that logging an issuer does
       * not reveal them.
       */
      readonly headers?: RequestHeaders
      /** Settings that differ from the defaults: see {@link KeySettings}. */
      readonly options?: Partial<KeySettings>
    }
  | {
      /** Marks a key set whose URL is `jwks_uri` of the issuer's discovery document (RFC 8414 section 2). */
      readonly kind: 'discovery'
      /** Issuer identifier, from which the URL of the discovery document is derived. */
      readonly issuer: string
      /**
       * Headers of the requests for the discovery document, and for the key set if it has the origin of `issuer`. They are
       * sent to no other origin.
       */
      readonly headers?: RequestHeaders
      /** Settings that differ from the defaults: see {@link KeySettings}. */
      readonly options?: Partial<KeySettings>
    }

/** Which opaque tokens belong to an issuer. */
export interface OpaqueProfile {
  /** Prefix of the issuer's tokens; `null` accepts tokens without a prefix, for at most one issuer of a verifier. */
  readonly prefix: string | null
  /**
   * Whether encrypted JWTs (JWE) are accepted: those whose header names the issuer in `iss` (RFC 7519 section 5.3), and
   * those without `iss`, which are routed like opaque tokens.
   *
   * @defaultValue `false`
   */
  readonly encrypted?: boolean
}
