// In JavaScript, because the types of these packages do not compile with exactOptionalPropertyTypes, and reading them
// takes the compiler a minute. What the tests use of them is declared in packages.d.mts.
export { oauthProvider } from '@better-auth/oauth-provider'
export { betterAuth } from 'better-auth'
export { memoryAdapter } from 'better-auth/adapters/memory'
export { toNodeHandler } from 'better-auth/node'
export { jwt } from 'better-auth/plugins/jwt'
