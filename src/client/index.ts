/** Obtains, caches and renews the access tokens of a calling service. @module m2m-guard/client */
export { clerkTokenSource, type ClerkTokenSourceOptions } from './grants/clerk.js'
export type { PrivateKey, PrivateKeyValue } from '../model/private-key.js'
export type { Secret } from '../options/secret.js'
export type { CommonTokenSourceOptions } from './source-options.js'
export type { TokenRequest, TokenSource } from './source.js'
export { tokenSource, type TokenSourceOptions } from './token-source.js'
export { TokenSourceError, type TokenSourceReason } from './errors.js'
export type { TokenRequestOptions } from './token-request.js'
