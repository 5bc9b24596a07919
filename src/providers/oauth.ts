import { readConfirmation, readIntrospection } from '../introspection/rfc7662.js'
import { KEY_DEFAULTS } from '../keys/options.js'
import type { Issuer, JwtProfile, KeySource, OpaqueProfile } from '../model/issuer/issuer.js'
import type { RemoteProfile, RemoteResult } from '../model/issuer/remote-profile.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { readOptions } from '../options/read-options.js'
import { discoveryIssuer } from '../options/url.js'
import { assertAtMostOne, assertNoHeaders, connectionOf, keyRequests } from './common-options.js'
import { introspectionClient } from './introspection-client.js'
import type { IntrospectionSettings } from './introspection-options.js'
import { introspectedJwtProfile, jwtProfile } from './jwt-access-token.js'
import { withClaimRules } from './claim-rules.js'
import { assertCallersRestricted } from './public-issuers.js'
import { assertTypesConsistent } from './token-types.js'
import { narrowToPayload } from './narrow-to-payload.js'
import { withTenants } from './tenants.js'
import { OAUTH_OPTIONS, type OAuthOptions, type OAuthSettings } from './oauth-options.js'

/**
 * Creates an OAuth 2 or OpenID Connect issuer: JWTs are verified with its keys, opaque tokens by introspection.
 *
 * Without `jwksUri`, `jwks` and `publicKey`, the keys are found through the discovery document (OpenID Connect Discovery, RFC
 * 8414). Its `issuer` must equal the option `issuer`. ID tokens and other kinds of token are refused with 401
 * `type_not_allowed`.
 *
 * Every access token of the issuer for `audience` is accepted, that of a person too: tell machines from people by a rule in
 * `claims`, or use a preset of `m2m-guard/issuers`.
 *
 * With `{tenant}` in `issuer` and the option `tenants`, it is an issuer with many tenants: see the option.
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
  assertTypesConsistent(settings)
  assertCallersRestricted(settings)
  return withTenants(settings, createIssuer)
}

function createIssuer(settings: OAuthSettings, responseIssuer: string | undefined): Issuer {
  const { jwt, remote } = verificationOf(settings, responseIssuer)
  return withClaimRules(settings.claims, {
    name: settings.issuer,
    provider: 'oauth',
    audience: settings.audience,
    scopeMatcher: settings.scopeMatching,
    jwt,
    ...remote,
    ...connectionOf(settings),
  })
}

/** How the tokens of the issuer are verified. */
interface Verification {
  readonly jwt: JwtProfile
  readonly remote: Pick<Issuer, 'opaque' | 'remote'>
}

function verificationOf(settings: OAuthSettings, responseIssuer: string | undefined): Verification {
  const { issuer, introspection, keys, requireAccessTokenType: isStrict, tokenTypes } = settings
  assertKeysMatchIntrospection(settings)
  assertDiscoverable(settings)
  if (introspection === undefined) {
    return { jwt: jwtProfile(issuer, keySource(settings), settings, isStrict, tokenTypes), remote: {} }
  }
  const jwts = introspection.jwts ?? keys === false
  return {
    jwt: jwts
      ? introspectedJwtProfile(issuer, settings, isStrict, tokenTypes)
      : jwtProfile(issuer, keySource(settings), settings, isStrict, tokenTypes),
    remote: introspectionProfiles(settings, introspection, jwts, responseIssuer),
  }
}

const KEY_NAMES = ['jwksUri', 'jwks', 'publicKey'] as const

function keySource(settings: OAuthSettings): KeySource {
  const { issuer, jwksUri, jwks, publicKey } = settings
  assertAtMostOne('oauth', { jwksUri, jwks, publicKey })
  if (jwks !== undefined) return { kind: 'static', jwks }
  if (publicKey !== undefined) return { kind: 'pem', pem: publicKey }
  const requests = keyRequestsOf(settings)
  if (jwksUri !== undefined) return { kind: 'remote', url: jwksUri, ...requests }
  return { kind: 'discovery', issuer, ...requests }
}

/** How keys and the discovery document are fetched. */
function keyRequestsOf({ keys }: OAuthSettings): ReturnType<typeof keyRequests> {
  if (keys === false) return { options: KEY_DEFAULTS }
  return keyRequests(keys)
}

/** Refuses configured keys that would never be used, because the operator expects an effect. */
function assertKeysMatchIntrospection(settings: OAuthSettings): void {
  const { introspection, keys } = settings
  if (keys === false && introspection === undefined) {
    throw new ConfigurationError(
      'oauth.introspection',
      'is required with keys: false, because tokens can then be verified by introspection only',
    )
  }
  if (keys === false && introspection?.jwts === false) {
    throw new ConfigurationError(
      'oauth.introspection.jwts',
      'must not be false with keys: false, because JWTs could not be verified at all. Leave one of the two out',
    )
  }
  if (keys !== false && introspection?.jwts !== true) return
  const unused = KEY_NAMES.find((name) => settings[name] !== undefined)
  if (unused === undefined) return
  const cause = keys === false ? 'keys: false' : 'introspection: { jwts: true }'
  throw new ConfigurationError(`oauth.${unused}`, `has no effect with ${cause}. Leave one of the two out`)
}

/** Checks that the discovery document can be fetched if it is needed, and that the headers of its request have an effect. */
function assertDiscoverable(settings: OAuthSettings): void {
  const { issuer, introspection, keys } = settings
  const configured = KEY_NAMES.find((name) => settings[name] !== undefined)
  const areJwtsVerified = keys !== false && introspection?.jwts !== true
  const areKeysDiscovered = areJwtsVerified && configured === undefined
  const isEndpointDiscovered = introspection !== undefined && introspection.endpoint === undefined
  if (areKeysDiscovered || isEndpointDiscovered) {
    const alternatives = [
      ...(areKeysDiscovered ? ['jwksUri, jwks, publicKey or keys: false'] : []),
      ...(isEndpointDiscovered ? ['introspection.endpoint'] : []),
    ].join(', and ')
    discoveryIssuer('oauth.issuer', issuer, alternatives, settings)
    return
  }
  if (keys === false || (areJwtsVerified && configured === 'jwksUri')) return
  const cause = areJwtsVerified ? (configured ?? 'jwks') : 'introspection: { jwts: true }'
  assertNoHeaders('oauth', cause, keys)
}

function introspectionProfiles(
  settings: OAuthSettings,
  introspection: IntrospectionSettings,
  jwts: boolean,
  responseIssuer: string | undefined,
): { readonly opaque: OpaqueProfile; readonly remote: RemoteProfile } {
  const { issuer, remote: options, scopeClaims, clientClaims } = settings
  const reading = { issuer: responseIssuer, scopeClaims, clientClaims }
  const { options: discoveryOptions, headers } = keyRequestsOf(settings)
  return {
    opaque: { prefix: introspection.opaquePrefix ?? null, encrypted: jwts },
    remote: {
      endpoint: introspection.endpoint ?? 'discovered',
      options,
      discoveryOptions,
      ...(headers === undefined ? {} : { discoveryHeaders: headers }),
      ...introspectionClient('oauth.introspection', issuer, introspection, settings.fetch !== undefined),
      read: (response, token) => {
        const result = readIntrospection(response, reading)
        return jwts ? narrowToPayload(result, token, clientIdsIn(result), settings) : result
      },
      readConfirmation: (response) => readConfirmation(response, reading),
    },
  }
}

function clientIdsIn(result: RemoteResult): readonly string[] {
  if ('fault' in result || !result.active || result.facts.clientId === undefined) return []
  return [result.facts.clientId]
}
