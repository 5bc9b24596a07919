import { mediaType } from '../http/media-type.js'
import type { TokenFacts } from '../model/access-token.js'
import { presentMember } from '../model/claim-path.js'
import { type Claims, isOtherKind, readClaims } from '../model/claims.js'
import type { KeySource, JwtProfile } from '../model/issuer.js'
import type { VerificationFailure } from '../model/refusal.js'
import type { CommonIssuerSettings } from './common-options.js'

/** The settings that matter for JWTs, without those of fetching keys. */
type JwtSettings = Omit<CommonIssuerSettings, 'keys'>

/** Creates the profile of JWT access tokens that are verified with the issuer's keys. Used for Authlete too. */
export function jwtProfile(
  issuer: string,
  keys: KeySource,
  common: JwtSettings,
  isStrict: boolean,
  tokenTypes: readonly string[] = [],
): JwtProfile {
  return {
    issuers: [issuer],
    checked: 'local',
    keys,
    algorithms: common.algorithms,
    validateHeader: (header) => validateType(header, isStrict, tokenTypes),
    readClaims: (claims) => readAccessTokenClaims(claims, common, isStrict),
  }
}

/** Creates the profile of JWT access tokens that are introspected. Only their header is validated before the call. */
export function introspectedJwtProfile(
  issuer: string,
  common: JwtSettings,
  isStrict: boolean,
  tokenTypes: readonly string[] = [],
): JwtProfile {
  return {
    issuers: [issuer],
    checked: 'remote',
    keys: null,
    algorithms: common.algorithms,
    validateHeader: (header) => validateType(header, isStrict, tokenTypes),
    readClaims: (claims) => readAccessTokenClaims(claims, common, isStrict),
  }
}

/** Refuses other types, because an issuer may sign other kinds of token with the same keys (RFC 8725 section 3.11). */
function validateType(
  header: Claims,
  isStrict: boolean,
  tokenTypes: readonly string[],
): VerificationFailure | undefined {
  if (!Object.hasOwn(header, 'typ')) return isStrict ? typeFailure('typ is absent') : undefined
  const type = mediaType(header['typ'])
  if (type === 'at+jwt' || (type === 'jwt' && !isStrict)) return undefined
  if (type !== undefined && tokenTypes.includes(type)) return undefined
  return typeFailure('typ is not that of an access token')
}

function typeFailure(detail: string): VerificationFailure {
  return { reason: 'type_not_allowed', detail }
}

/** Claims of ID tokens, introspection responses (RFC 9701) and security events (RFC 8417) that access tokens never have. */
const OTHER_KIND_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'token_introspection', 'events']

/** Returns the failure of a token whose claims mark it as another kind than an access token. */
export function checkTokenKind(claims: Claims): VerificationFailure | undefined {
  for (const name of OTHER_KIND_CLAIMS) {
    if (presentMember(claims, name) !== undefined) return typeFailure(`${name} marks another kind of token`)
  }
  return isOtherKind(claims) ? typeFailure('the claims mark another kind of token') : undefined
}

/** Claims that RFC 9068 section 2.2 requires, without `iss`, which was compared when the token was routed. */
const PROFILE_CLAIMS = ['exp', 'aud', 'sub', 'client_id', 'iat', 'jti']
const EXPIRY = ['exp']

function readAccessTokenClaims(
  claims: Claims,
  { scopeClaims, clientClaims }: JwtSettings,
  isStrict: boolean,
): TokenFacts | VerificationFailure {
  const failure = checkTokenKind(claims)
  if (failure !== undefined) return failure
  const clientId = presentMember(claims, 'client_id')
  const authorizedParty = presentMember(claims, 'azp')
  if (isStrict && clientId !== undefined && authorizedParty !== undefined && authorizedParty !== clientId) {
    return { reason: 'claim_invalid', detail: 'azp and client_id differ' }
  }
  return readClaims(claims, {
    scopeClaims,
    required: isStrict ? PROFILE_CLAIMS : EXPIRY,
    clientClaims,
  })
}
