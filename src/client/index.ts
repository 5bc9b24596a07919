/** Obtains, caches and renews the access tokens of a calling service. @module m2m-guard/client */
export { clerkTokenSource, type ClerkTokenSourceOptions } from './grants/clerk.js'
export {
  certificateFiles,
  type CertificateFiles,
  type ClientCertificate,
  type ClientCertificateValue,
} from '../authentication/certificate.js'
export type {
  AuthenticationRequest,
  AuthenticationResult,
  ClientAuthentication,
  ClientAuthenticationMethod,
} from '../authentication/contract.js'
export type { ClientAuthenticationCombination } from '../authentication/combinations.js'
export type { ClientAuthenticationOptions } from '../authentication/options.js'
export type { AssertionSigner, PrivateKey, PrivateKeyValue } from '../model/key/private-key.js'
export type { Secret } from '../options/secret.js'
export type { CommonTokenSourceOptions } from './source-options.js'
export type { TokenInfo, TokenRequest, TokenSource, TokenSourceObservers } from './source.js'
export type {
  TokenRequestTrigger,
  TokenSourceEvent,
  TokenSourceEventKind,
  TokenSourceObserver,
  TokenSourceReason,
} from '../model/token-source-event.js'
export type { TokenHealth, TokenSourceHealth } from './health.js'
export type { TokenState } from './token/token-state.js'
export {
  jwtBearerTokenSource,
  type JwtBearerTokenRequest,
  type JwtBearerTokenSource,
  type AnyJwtBearerTokenSourceOptions,
  type JwtBearerTokenSourceOptions,
} from './grants/jwt-bearer.js'
export {
  tokenExchangeSource,
  type TokenExchangeRequest,
  type TokenExchangeSource,
  type AnyTokenExchangeSourceOptions,
  type TokenExchangeSourceOptions,
  type TokenType,
} from './grants/token-exchange.js'
export type { TokenEndpointCombination, TokenEndpointOptions } from './issuer-options.js'
export { tokenSource, type AnyTokenSourceOptions, type TokenSourceOptions } from './token-source.js'
export { IssuerCallError, type IssuerCallFailure, type IssuerCallReason } from '../http/issuer-call-error.js'
export { sharedTokens, type Tokens } from '../store/tokens.js'
export type { SharedStore, StoredValue } from '../store/contract.js'
export type { StoreHealth } from '../store/guarded-store.js'
export type { SealedStoreOptions, SharedStoreOptions } from '../store/options.js'
export type { StoreSecret } from '../store/secret.js'
export { TokenSourceError } from './errors.js'
export type { TokenRequestOptions } from './token-request.js'
