import { mediaType } from '../http/media-type.js'
import type { TokenFacts } from '../model/access-token.js'
import { presentMember } from '../model/claim-path.js'
import { findOtherKind, readClaims, type Claims } from '../model/claims.js'
import { failureOf } from '../model/detail/explain.js'
import { ownMember } from '../util/members.js'
import { phrase } from '../util/quote.js'
import type { KeySource, JwtProfile } from '../model/issuer/issuer.js'
import type { VerificationFailure } from '../model/refusal/refusal.js'
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
  const typ = Object.hasOwn(header, 'typ') ? header['typ'] : undefined
  if (typ === undefined && !isStrict) return undefined
  const type = mediaType(typ)
  if (type === 'at+jwt' || (type === 'jwt' && !isStrict)) return undefined
  if (type !== undefined && tokenTypes.includes(type)) return undefined
  const allowed = [...(isStrict ? ['at+jwt'] : ['at+jwt', 'JWT']), ...tokenTypes]
  return failureOf('type_not_allowed', 'typ', { typ, allowed: phrase(allowed.join(' or ')) })
}

/** Claims of ID tokens, introspection responses (RFC 9701) and security events (RFC 8417) that access tokens never have. */
const OTHER_KIND_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'token_introspection', 'events']

/** Returns the failure of a token whose claims mark it as another kind than an access token. */
export function checkTokenKind(claims: Claims): VerificationFailure | undefined {
  for (const name of OTHER_KIND_CLAIMS) {
    if (presentMember(claims, name) !== undefined)
      return failureOf('type_not_allowed', 'claim', { claim: phrase(name) })
  }
  const claim = findOtherKind(claims)
  if (claim === undefined) return undefined
  return failureOf('type_not_allowed', 'kind', { claim: phrase(claim), kind: ownMember(claims, claim) })
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
    return failureOf('claim_invalid', 'parties', { azp: authorizedParty, client: clientId })
  }
  return readClaims(claims, {
    scopeClaims,
    required: isStrict ? PROFILE_CLAIMS : EXPIRY,
    clientClaims,
  })
}
