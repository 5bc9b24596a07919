import type { RefusalReason } from '../../src/index.js'

/**
 * Rules beyond those of jose's jwtVerify, written from the documentation.
 * Returns every reason that may refuse a token that jose accepts. If there is none, the token must be accepted.
 */
export function stricterReasons(token: string, now: number): ReadonlySet<RefusalReason> {
  const reasons = new Set<RefusalReason>()
  if (token.length > 8192) reasons.add('token_too_large')
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) reasons.add('token_malformed')
  const parts = token.split('.')
  const [header, claims] = [objectIn(parts[0]), objectIn(parts[1])]
  if (parts.length !== 3 || parts.some((part) => !isCanonical(part)) || !header || !claims) {
    reasons.add('token_undecodable')
    return reasons
  }
  validateHeader(header, reasons)
  if (has(claims, 'cnf')) reasons.add('proof_missing')
  validateClaims(withoutNull(claims), now, reasons)
  return reasons
}

type Members = Readonly<Record<string, unknown>>

/** Whether a string is canonical base64url without padding. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part
}

/** Decodes a JSON object in UTF-8 without byte order mark, nested at most 64 levels deep. */
function objectIn(part: string | undefined): Members | undefined {
  const bytes = Buffer.from(part ?? '', 'base64url')
  const text = bytes.toString('utf8')
  if (!Buffer.from(text).equals(bytes) || text.startsWith('\ufeff')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && depthOf(value) <= 64 ? (value as Members) : undefined
  } catch {
    return undefined
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

const own = (members: Members, name: string): unknown =>
  Object.hasOwn(members, name) ? members[name] : undefined
const has = (members: Members, name: string): boolean => Object.hasOwn(members, name)

/** Claims that are null count as absent, except `cnf`. */
function withoutNull(claims: Members): Members {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null))
}

function validateHeader(header: Members, reasons: Set<RefusalReason>): void {
  if (['crit', 'b64', 'zip'].some((name) => has(header, name))) reasons.add('critical_header')
  if (/^(application\/)?jwt$/i.test(String(own(header, 'cty')))) reasons.add('type_not_allowed')
  if (has(header, 'kid') && typeof header['kid'] !== 'string') reasons.add('token_undecodable')
  const type = own(header, 'typ')
  const isAccessType = typeof type === 'string' && /^(application\/)?(at\+)?jwt$/i.test(type)
  if (has(header, 'typ') && !isAccessType) reasons.add('type_not_allowed')
}

const CLAIMS_OF_OTHER_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'token_introspection', 'events']
const END_OF_9999 = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000

function validateClaims(claims: Members, now: number, reasons: Set<RefusalReason>): void {
  const isOfOtherKind = ['token_use', 'typ', 'token_type', 'purpose'].some((name) =>
    /^(id|refresh|offline|logout)(_token)?$/i.test(String(own(claims, name))),
  )
  if (isOfOtherKind || CLAIMS_OF_OTHER_TOKENS.some((name) => has(claims, name)))
    reasons.add('type_not_allowed')
  if (!has(claims, 'exp')) reasons.add('claim_missing')
  if (!['sub', 'client_id', 'azp'].some((name) => has(claims, name))) reasons.add('claim_missing')
  for (const name of ['iss', 'sub', 'jti', 'client_id', 'azp']) {
    const value = own(claims, name)
    if (has(claims, name) && (typeof value !== 'string' || value === '')) reasons.add('claim_invalid')
  }
  for (const name of ['exp', 'nbf', 'iat']) {
    const value = own(claims, name)
    if (has(claims, name) && !(typeof value === 'number' && value > 0 && value <= END_OF_9999)) {
      reasons.add('claim_invalid')
    }
  }
  const audience = [own(claims, 'aud')].flat()
  if (!audience.every((name) => typeof name === 'string')) reasons.add('claim_invalid')
  for (const name of ['scope', 'scp']) {
    const value = own(claims, name)
    const isStringOrAbsent = value === undefined || value === null || typeof value === 'string'
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
    if (!isStringOrAbsent && !isList) reasons.add('claim_invalid')
  }
  const issuedAt = own(claims, 'iat')
  if (typeof issuedAt === 'number' && issuedAt > now + 5) reasons.add('issued_in_future')
}
