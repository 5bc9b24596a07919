export { createVerifier } from './create-verifier.js'
export type { Verifier, VerifierHealth, VerifierOptions } from './create-verifier.js'
export { oauth } from './issuers/oauth.js'
export type { IntrospectionOptions, OAuthOptions } from './issuers/oauth.js'
export { clerk } from './issuers/clerk.js'
export type { ClerkJwtAccess, ClerkOptions } from './issuers/clerk.js'
export { stytch } from './issuers/stytch.js'
export type { StytchOptions } from './issuers/stytch.js'
export { authlete } from './issuers/authlete.js'
export type { AuthleteOptions } from './issuers/authlete.js'
export type { CommonIssuerOptions } from './issuers/common-options.js'
export type {
  Issuer,
  JwtProfile,
  Verdict,
  KeySource,
  OpaqueProfile,
  RemoteAnswer,
  RemoteProfile,
  RemoteVerdict,
  UnverifiedJwt,
} from './issuers/issuer.js'
export type { IssuerEvent, IssuerEventKind, IssuerObserver } from './issuer-events.js'
export type { IssuerHealth } from './issuers/connected-issuer.js'
export type { DocumentHealth } from './jwt/fetched-document.js'
export type { RemoteHealth } from './remote/remote-check.js'
export type { KeyFetching, KeyOptions } from './jwt/key-options.js'
export type { RemoteAsking, RemoteOptions } from './remote/remote-options.js'
export { allOf, anyOf } from './scopes.js'
export type { ScopeDemand, ScopeMatcher, ScopeMatching, ScopeRule } from './scopes.js'
export type { Policy } from './policy.js'
export { Refusal } from './refusal.js'
export type { Fault, RefusalDetails, RefusalError, RefusalReason } from './refusal.js'
export { ConfigurationError } from './configuration.js'
export type { AccessToken, TokenFacts, TokenSource } from './access-token.js'
export type { Decision, DecisionEvent, DecisionObserver, GuardMode } from './decision.js'
export type { GuardedRequest, HeaderObject, HeaderReader, RefusalBody } from './bearer.js'
export type { CacheOptions } from './token-cache.js'
export type { Duration } from './duration.js'
