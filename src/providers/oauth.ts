import { introspectionRequest, readConfirmation, readIntrospection } from '../introspection/rfc7662.js'
import type { Issuer, KeySource, OpaqueProfile, RemoteProfile, RemoteResult } from '../model/issuer.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { readOptions } from '../options/read-options.js'
import { assertAtMostOne } from './common-options.js'
import { introspectedJwtProfile, jwtProfile } from './jwt-access-token.js'
import { withClaimRules } from './claim-rules.js'
import { narrowToPayload } from './narrow-to-payload.js'
import { assertCallersRestricted } from './public-issuers.js'
import { assertTypesConsistent } from './token-types.js'
import { OAUTH_OPTIONS, type OAuthOptions, type OAuthSettings } from './oauth-options.js'

/**
 * Creates an OAuth 2 or OpenID Connect issuer: JWTs are verified with its keys, opaque tokens by introspection.
 *
 * Without `jwksUri`, `jwks` and `publicKey`, the keys are found through the discovery document (OpenID Connect Discovery, RFC
 * 8414). Its `issuer` must equal the option `issuer`. ID tokens and other kinds of token are refused with 401
 * `type_not_allowed`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [oauth({ issuer: 'https://auth.example.com', audience: 'https://orders.internal' })],
 * })
 * ```
 */
export function oauth(options: OAuthOptions): Issuer {
  const settings = readOptions('oauth', options, OAUTH_OPTIONS)
  const { issuer, requireAccessTokenType } = settings
  assertTypesConsistent(settings)
  assertCallersRestricted(settings)
  return withClaimRules(settings.claims, {
    name: issuer,
    provider: 'oauth',
    audience: settings.audience,
    scopeMatcher: settings.scopeMatching,
    jwt:
      settings.introspection?.jwts === true
        ? introspectedJwtProfile(issuer, withoutKeys(settings), requireAccessTokenType, settings.tokenTypes)
        : jwtProfile(issuer, keySource(settings), settings, requireAccessTokenType, settings.tokenTypes),
    ...introspectionProfiles(settings),
    ...(settings.fetch === undefined ? {} : { fetch: settings.fetch }),
  })
}

function keySource({ issuer, jwksUri, jwks, publicKey, keys: options }: OAuthSettings): KeySource {
  assertAtMostOne('oauth', { jwksUri, jwks, publicKey })
  if (jwks !== undefined) return { kind: 'static', jwks }
  if (publicKey !== undefined) return { kind: 'pem', pem: publicKey }
  if (jwksUri !== undefined) return { kind: 'remote', url: jwksUri, options }
  return { kind: 'discovery', issuer, options }
}

/** Refuses configured keys that would never be used, because the operator expects an effect. */
function withoutKeys(settings: OAuthSettings): OAuthSettings {
  const unused = (['jwksUri', 'jwks', 'publicKey'] as const).find((name) => settings[name] !== undefined)
  if (unused === undefined) return settings
  throw new ConfigurationError(
    `oauth.${unused}`,
    'has no effect with introspection: { jwts: true }. Leave one of the two out',
  )
}

function introspectionProfiles({
  issuer,
  introspection,
  remote: options,
  keys: discoveryOptions,
  scopeClaims,
  clientClaims,
}: OAuthSettings): { readonly opaque?: OpaqueProfile; readonly remote?: RemoteProfile } {
  if (introspection === undefined) return {}
  const reading = { issuer, scopeClaims, clientClaims }
  return {
    opaque: { prefix: introspection.opaquePrefix ?? null, encrypted: introspection.jwts },
    remote: {
      endpoint: introspection.endpoint ?? 'discovered',
      options,
      discoveryOptions,
      request: (token) => introspectionRequest(introspection, token),
      read: (response, token) => {
        const result = readIntrospection(response, reading)
        return introspection.jwts ? narrowToPayload(result, token, clientIdsIn(result), clientClaims) : result
      },
      readConfirmation: (response) => readConfirmation(response, reading),
    },
  }
}

function clientIdsIn(result: RemoteResult): readonly string[] {
  if ('fault' in result || !result.active || result.facts.clientId === undefined) return []
  return [result.facts.clientId]
}
