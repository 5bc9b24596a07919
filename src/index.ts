/** Verifies OAuth 2 access tokens of machine-to-machine requests: verifier, issuers, policies, refusals. @module m2m-guard */
export { createVerifier } from './verifier/create-verifier.js'
export type { VerifierOptions } from './verifier/create-verifier.js'
export type { Verifier } from './verifier/verifier.js'
export type { VerifierHealth } from './verifier/readiness.js'
export { oauth } from './providers/oauth.js'
export type { OAuthOptions } from './providers/oauth-options.js'
export type {
  AnonymousIntrospection,
  AssertionIntrospection,
  BearerIntrospection,
  BearerSecretIntrospection,
  CertificateIntrospection,
  CustomIntrospection,
  IntrospectionCallOptions,
  IntrospectionOptions,
  KeyIntrospection,
  OnlyCredentials,
  SecretIntrospection,
} from './providers/introspection-options.js'
export { clerk } from './providers/clerk/clerk.js'
export type { ClerkJwtAccess, ClerkOptions } from './providers/clerk/clerk-options.js'
export { stytch } from './providers/stytch/stytch.js'
export type { StytchOptions } from './providers/stytch/stytch.js'
export { authlete } from './providers/authlete/authlete.js'
export type { AuthleteOptions } from './providers/authlete/authlete.js'
export type { TenantOptions } from './providers/tenants.js'
export type { CommonIssuerOptions } from './providers/common-options.js'
export type { ClaimPath, ScopeClaim } from './providers/claim-options.js'
export type { ClaimRules, ClaimValue } from './model/claim-rule.js'
export type {
  Issuer,
  JwtProfile,
  KeySource,
  OpaqueProfile,
  TenantProfile,
  UnverifiedJwt,
} from './model/issuer/issuer.js'
export type { RequestHeaders } from './model/issuer/issuer-settings.js'
export type {
  ConfirmationResult,
  RemoteRequest,
  RemoteRequestContext,
  RemoteResponse,
  RemoteProfile,
  RemoteResult,
} from './model/issuer/remote-profile.js'
export type { KeySettings, RemoteSettings } from './model/issuer/issuer-settings.js'
export type { IssuerEvent, IssuerEventKind, IssuerObserver } from './model/issuer/issuer-events.js'
export type {
  IssuerCall,
  IssuerCallKind,
  IssuerCallObserver,
  IssuerCallResult,
  IssuerCallWatch,
} from './model/issuer/issuer-calls.js'
export type { Observer } from './model/observer.js'
export { CHANNELS, type ChannelMessages } from './telemetry/channels.js'
export type { IssuerHealth } from './verifier/connection/issuer-health.js'
export type { DocumentHealth, TenantFailure, TenantsHealth } from './model/issuer/health.js'
export type { RemoteHealth } from './introspection/introspector.js'
export type { KeyOptions } from './keys/options.js'
export type { RemoteOptions } from './introspection/options.js'
export { allOf, anyOf } from './model/scopes.js'
export type { ScopeDemand, ScopeMatcher, ScopeMatching, ScopeRule } from './model/scopes.js'
export type { Policy } from './policy/policy.js'
export { Refusal } from './model/refusal/refusal.js'
export type { VerificationFailure } from './model/refusal/refusal.js'
export type { RefusalDetails } from './model/refusal/details.js'
export type { RefusalError, RefusalReason } from './model/refusal/reasons.js'
export { ConfigurationError } from './options/configuration-error.js'
export type { AccessToken, StatedFacts, TokenFacts, VerificationSource } from './model/access-token.js'
export type { CheckName, Explanation, ExplanationStep } from './model/explanation.js'
export type { Decision, DecisionEvent, DecisionObserver, DecisionStage, GuardMode } from './model/decision.js'
export type { GuardedRequest, HeaderObject, HeaderReader } from './model/request.js'
export type { RefusalBody, RefusalJson, RefusalResponseOptions } from './model/refusal/body.js'
export type { CacheHealth, CacheOptions, CacheSize } from './verifier/token-cache.js'
export { sharedAnswers } from './store/answers.js'
export type { Answers } from './store/answers.js'
export type { SharedStore, StoredValue } from './store/contract.js'
export type { StoreHealth } from './store/guarded-store.js'
export type { SealedStoreOptions, SharedStoreOptions } from './store/options.js'
export type { StoreSecret } from './store/secret.js'
export { memoryRevocations } from './revocation/memory.js'
export type { MemoryRevocationsOptions } from './revocation/memory.js'
export type {
  Revocation,
  RevocationEvent,
  RevocationEventKind,
  RevocationObserver,
} from './model/revocation.js'
export type {
  ClientTarget,
  IssuerTarget,
  ReachedOptions,
  RevocationResult,
  Revocations,
  RevocationsHealth,
  RevocationTarget,
  SubjectTarget,
  TokenIdTarget,
  TokenTarget,
} from './revocation/revocations.js'
export type { Duration } from './options/duration.js'
export type { Secret } from './options/secret.js'
export type { AssertionSigner, PrivateKey, PrivateKeyValue } from './model/key/private-key.js'
export type { ClientCertificate, ClientCertificateValue } from './authentication/certificate.js'
export type {
  AuthenticationRequest,
  AuthenticationResult,
  ClientAuthentication,
} from './authentication/contract.js'
