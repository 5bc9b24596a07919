import { mediaType } from '../http/media-type.js'
import type { TokenFacts } from '../model/access-token.js'
import { CLIENT_CLAIMS, type Claims, isOtherKind, readClaims } from '../model/claims.js'
import { ownMember } from '../util/members.js'
import type { KeySource, JwtProfile } from '../model/issuer.js'
import type { VerificationFailure } from '../model/refusal.js'
import type { CommonIssuerSettings } from './common-options.js'

/** The checks of JWT access tokens as any issuer's are: also used for Authlete's. */
export function jwtProfile(
  issuer: string,
  keys: KeySource,
  common: CommonIssuerSettings,
  strict: boolean,
): JwtProfile {
  return {
    issuers: [issuer],
    checked: 'local',
    keys,
    algorithms: common.algorithms,
    validateHeader: (header) => validateType(header, strict),
    readClaims: (claims) => readAccessTokenClaims(claims, common.scopeClaims, strict),
  }
}

/** The profile of an issuer that is asked about its JWTs: nothing but their header is judged before. */
export function introspectedJwtProfile(
  issuer: string,
  common: CommonIssuerSettings,
  strict: boolean,
): JwtProfile {
  return {
    issuers: [issuer],
    checked: 'remote',
    keys: null,
    algorithms: common.algorithms,
    validateHeader: (header) => validateType(header, strict),
    readClaims: (claims) => readAccessTokenClaims(claims, common.scopeClaims, strict),
  }
}

/** Any other type is another kind of token made with the same keys (RFC 8725 section 3.11). */
function validateType(header: Claims, strict: boolean): VerificationFailure | undefined {
  if (!Object.hasOwn(header, 'typ')) return strict ? wrongType('typ is missing') : undefined
  const type = mediaType(header['typ'])
  if (type === 'at+jwt' || (type === 'jwt' && !strict)) return undefined
  return wrongType('typ is not that of an access token')
}

function wrongType(detail: string): VerificationFailure {
  return { reason: 'type_not_allowed', detail }
}

/** What an ID token, an introspection answer (RFC 9701) and a security event (RFC 8417) have and no access token has. */
const FOREIGN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'token_introspection', 'events']

/** The failure of a token whose claims mark it as another kind than an access token. */
export function foreignKind(claims: Claims): VerificationFailure | undefined {
  for (const name of FOREIGN_CLAIMS) {
    if (ownMember(claims, name) !== undefined) return wrongType(`${name} marks another kind of token`)
  }
  return isOtherKind(claims) ? wrongType('the claims say that it is another kind of token') : undefined
}

/** All claims RFC 9068 section 2.2 requires; `iss` has been compared when the token was routed. */
const PROFILE_CLAIMS = ['exp', 'aud', 'sub', 'client_id', 'iat', 'jti']
const EXPIRY = ['exp']

function readAccessTokenClaims(
  claims: Claims,
  scopeClaims: readonly string[],
  strict: boolean,
): TokenFacts | VerificationFailure {
  const foreign = foreignKind(claims)
  if (foreign !== undefined) return foreign
  const clientId = ownMember(claims, 'client_id')
  const party = ownMember(claims, 'azp')
  if (strict && clientId !== undefined && party !== undefined && party !== clientId) {
    return { reason: 'claim_invalid', detail: 'azp and client_id disagree' }
  }
  return readClaims(claims, {
    scopeClaims,
    required: strict ? PROFILE_CLAIMS : EXPIRY,
    clientClaims: CLIENT_CLAIMS,
  })
}
