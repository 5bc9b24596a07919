import type { AccessToken, StatedFacts, TokenFacts } from './access-token.js'
import type { VerificationFailure } from './refusal.js'
import type { ScopeMatcher } from './scopes.js'

/**
 * An issuer of access tokens, as data: which tokens are its own, how a JWT of its is checked, how it is
 * asked about a token, and how its answers read. `oauth`, `clerk`, `stytch` and `authlete` make these;
 * anyone may write their own. An issuer holds no state: keys and answers are remembered by the verifier.
 */
export interface Issuer {
  /** Names the issuer in refusals, events, `health()` and policies. Unique within a verifier. */
  readonly name: string
  /** The kind of issuer, as it appears in `AccessToken.provider`. */
  readonly provider: string
  /** The audiences this API goes by, one of which a token must name; `null` accepts any and none. Read once, when the verifier is made. */
  readonly audience: readonly string[] | null
  /** Compares a granted with a demanded scope. */
  readonly scopeMatcher: ScopeMatcher
  /** How its signed tokens are recognised and checked; absent where it has none we accept. */
  readonly jwt?: JwtProfile
  /** Which opaque tokens are its own; absent where it has none we accept. */
  readonly opaque?: OpaqueProfile
  /** How to ask it about a token; absent where it cannot be asked. Needed by `opaque`. */
  readonly remote?: RemoteProfile
  /** A rule of the issuer's own about who may come, judged on every request, remembered tokens included. */
  readonly validateToken?: (token: AccessToken) => VerificationFailure | undefined
  /** The fetch to use for keys, discovery and questions: for a proxy or a private CA. */
  readonly fetch?: typeof fetch
}

/** How an issuer's signed tokens are recognised and checked. */
export interface JwtProfile {
  /** The exact `iss` values of its tokens; `null` leaves it to {@link JwtProfile.recognises}. */
  readonly issuers: readonly string[] | null
  /** For issuers whose `iss` is not known: whether an unverified token looks like theirs. Routes, never vouches. */
  readonly recognises?: (unverified: UnverifiedJwt) => boolean
  /**
   * `local`: verify with the keys. `remote`: ask the issuer about every JWT and remember its answer. The JWT's own `exp`, `nbf`,
   * `iat` and `cnf` can then only refuse it.
   */
  readonly checked: 'local' | 'remote'
  /** Where its keys come from; `null` only where `checked` is `remote`. */
  readonly keys: KeySource | null
  /** The `alg` values accepted (RFC 8725 section 3.1). Asymmetric only. */
  readonly algorithms: readonly string[]
  /** Judges the header before any key is looked for: type, category. */
  readonly validateHeader: (header: Readonly<Record<string, unknown>>) => VerificationFailure | undefined
  /**
   * Validates and reads the claims of a JWT with a valid signature, once per token. Times, audience and binding are
   * checked for every issuer alike: `exp`, `nbf` and `iat` of the JWT hold, of which the facts can only state an earlier
   * expiry and a later `nbf`, or an issue time if there is no `iat`. Must depend on its arguments only.
   */
  readonly readClaims: (
    claims: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>>,
  ) => TokenFacts | VerificationFailure
}

/** A JWT decoded but not verified: good for routing, never for trust. Frozen. */
export interface UnverifiedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Where an issuer's keys come from. Of keys that are given (`static`, `pem`) at least one must be usable. */
export type KeySource =
  | { readonly kind: 'static'; readonly jwks: { readonly keys: readonly unknown[] } }
  | { readonly kind: 'pem'; readonly pem: string }
  | {
      readonly kind: 'remote'
      readonly url: string
      /** Sent with the request for the keys, for key sets that are not public. A function, so that printing an issuer shows no credential. */
      readonly headers?: () => Readonly<Record<string, string>>
      /** Where they differ from the defaults: {@link KeySettings}. */
      readonly options?: Partial<KeySettings>
    }
  | { readonly kind: 'discovery'; readonly issuer: string; readonly options?: Partial<KeySettings> }

/** Which opaque tokens are an issuer's own. */
export interface OpaqueProfile {
  /** What its tokens start with; `null` for tokens without a mark, of which a verifier can route one issuer's only. */
  readonly prefix: string | null
  /**
   * Whether encrypted JWTs (JWE) are its tokens too: those whose header names it in `iss` (RFC 7519 section 5.3), and
   * without `iss` those that come to it like any opaque token. Default `false`: they are refused.
   */
  readonly encrypted?: boolean
}

/** How an issuer is asked about a token. */
export interface RemoteProfile {
  /** Where to ask; `discovered` takes `introspection_endpoint` from the issuer's discovery document. */
  readonly endpoint: string | 'discovered'
  /** Where they differ from the defaults: {@link RemoteSettings}. */
  readonly options?: Partial<RemoteSettings>
  /** How the discovery document is fetched for `discovered`, where no keys are fetched: {@link KeySettings}. */
  readonly discoveryOptions?: Partial<KeySettings>
  /** The request that asks about a token. Always a POST: a token must not stand in an address. */
  readonly request: (token: string) => {
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  /** Reads the answer. Whatever is not a definitive statement about this token must come back as a `fault`. */
  readonly read: (answer: RemoteResponse, token: string) => RemoteResult
  /**
   * Reads the response about a JWT whose signature is verified already, for a policy's `confirmAfter`: returns only what
   * the response states. Without it the facts of {@link RemoteProfile.read} count as stated, except an empty audience.
   */
  readonly readConfirmation?: (answer: RemoteResponse, token: string) => ConfirmationResult
}

/** An issuer's answer: its status, and its JSON where the body was JSON. */
export interface RemoteResponse {
  readonly status: number
  /** The parsed body; undefined if it was no JSON. */
  readonly json: unknown
}

/** What an answer says. */
export type RemoteResult =
  /** The issuer vouches for the token. */
  | { readonly active: true; readonly facts: TokenFacts }
  /** The issuer says no, or what it says of the token cannot be accepted. Remembered for a short time. */
  | ({ readonly active: false } & VerificationFailure)
  /** No statement about the token: nothing is remembered, and the request is undecidable. */
  | {
      readonly fault: 'issuer_unavailable' | 'issuer_refused_us' | 'confirmation_impossible'
      readonly detail: string
    }

/** What a response says about a JWT that is valid by itself. It can only narrow what the JWT states. */
export type ConfirmationResult =
  /** The issuer confirms the token, and states these facts about it, if any. */
  { readonly active: true; readonly facts: StatedFacts } | Exclude<RemoteResult, { active: true }>

/** The numbers of key fetching, with the bounds of the `keys` option. Each default is in brackets. */
export interface KeySettings {
  /** How long fetched keys are used without asking again (10 min); a shorter `Cache-Control: max-age` wins, not below 1 min. */
  readonly lifetime: number
  /** How long after the last success keys stay usable while fetches fail (1 h). In seconds, as all of these. */
  readonly stale: number
  /** The first pause after a failed fetch (1 s); doubles up to `longestPause`. */
  readonly pause: number
  /** The longest pause between failed fetches (60 s). */
  readonly longestPause: number
  /** At most one fetch because of an unknown key id in this time (10 s). */
  readonly unknownKeyPause: number
  /** Bounds one exchange, connection to last byte (3 s). */
  readonly deadline: number
  /** The largest document read, in bytes (256 KiB). */
  readonly maxBytes: number
  /** The most keys used of a set (100); further ones are left out. */
  readonly maxKeys: number
}

/** The numbers of asking an issuer, in seconds and bytes, with the bounds and the defaults of the `remote` option. */
export interface RemoteSettings {
  readonly lifetime: number
  readonly refusedLifetime: number
  readonly deadline: number
  readonly maxBytes: number
  readonly retries: number
  readonly maxInFlight: number
  readonly breakerAfter: number
  readonly breakerPause: number
}
