/** Manages tokens and clients at Clerk, Stytch, Authlete and OAuth 2 issuers. @module m2m-guard/management */
export type { ManagementOptions } from './api/vendor-api.js'
export type { CallOptions } from './api/call.js'
export { IssuerCallError, type IssuerCallFailure, type IssuerCallReason } from '../http/issuer-call-error.js'
export { ManagementError, type Vendor } from './api/management-error.js'
export type { Listing, Page } from './api/listing.js'
export type { EpochSeconds } from '../util/members.js'
export { clerkTokens, type ClerkTokens } from './clerk/clerk-tokens.js'
export type { ClerkTokensOptions } from './clerk/api.js'
export type { ClerkCreateInput, ClerkListInput, ClerkRevokeInput, ClerkVerifyInput } from './clerk/input.js'
export type { ClerkToken, ClerkCreatedToken } from './clerk/token.js'
export { authleteTokens } from './authlete/authlete-tokens.js'
export type { AuthleteTokens } from './authlete/operations.js'
export type { AuthleteTokensOptions } from './authlete/api.js'
export type {
  AuthleteIntrospectInput,
  AuthleteIntrospection,
  AuthleteKeyValuePair,
  AuthleteStandardIntrospection,
  AuthleteIntrospectStandardInput,
} from './authlete/introspection-types.js'
export type { AuthleteTokenPage } from './authlete/list.js'
export type { AuthleteListedClient, AuthleteListedToken } from './authlete/response.js'
export type {
  AuthleteAuthorizationDetail,
  AuthleteCreatedToken,
  AuthleteCreateInput,
  AuthleteDeleteInput,
  AuthleteGrantType,
  AuthleteListInput,
  AuthleteProperty,
  AuthleteReissuedIdToken,
  AuthleteReissueIdTokenInput,
  AuthleteRevokeResult,
  AuthleteRevokeInput,
  AuthleteUpdatedToken,
  AuthleteUpdateInput,
} from './authlete/types.js'
export type { ClientCertificate, ClientCertificateValue } from '../authentication/certificate.js'
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
export { oauthTokens, type OAuthTokens } from './oauth/oauth-tokens.js'
export type {
  OAuthIntrospectInput,
  OAuthRevokeInput,
  AnyOAuthTokensOptions,
  OAuthTokensOptions,
} from './oauth/oauth-tokens.js'
export type { TokenIntrospection } from './oauth/introspection.js'
export { stytchClients, type StytchClients, type StytchClientSecrets } from './stytch/stytch-clients.js'
export type { StytchClientsOptions } from './stytch/api.js'
export type {
  StytchAuthenticatedToken,
  StytchAuthenticateTokenInput,
  StytchScopeCheck,
} from './stytch/authenticate-token.js'
export type {
  StytchCreatedClient,
  StytchRotatingClient,
  StytchClient,
  StytchClientStatus,
} from './stytch/client.js'
export type {
  StytchClientReference,
  StytchCreateInput,
  StytchTokenInput,
  StytchUpdateInput,
} from './stytch/input.js'
export type {
  StytchClientPage,
  StytchSearchInput,
  StytchSearchOperand,
  StytchSearchQuery,
} from './stytch/search.js'
export type { StytchAccessToken } from './stytch/token.js'
