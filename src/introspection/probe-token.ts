import { randomBytes } from 'node:crypto'

/** The compact serialization of a JWS (RFC 7515 section 3.1). */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** The format of the issuer's tokens. */
export interface ProbeTokenForm {
  /** Prefix of the issuer's opaque tokens. */
  readonly opaquePrefix: string | undefined
  /** The `iss` of the issuer's JWTs. */
  readonly jwtIssuer: string | undefined
}

/**
 * Creates a random token that the issuer cannot know. It has the format of the token that the issuer failed for, because
 * some issuers respond 500 to a token that they cannot parse.
 */
export function probeToken(failedToken: string, { opaquePrefix, jwtIssuer }: ProbeTokenForm): string {
  if (!isCompactJws(failedToken)) return opaqueProbeToken({ opaquePrefix })
  const claims = { ...(jwtIssuer === undefined ? {} : { iss: jwtIssuer }), jti: random() }
  // Hexadecimal digits are valid base64url: 512 of them decode to a signature of 384 bytes.
  const signature = randomBytes(256).toString('hex')
  return `${encode({ alg: 'RS256', kid: random() })}.${encode(claims)}.${signature}`
}

/** Creates a random opaque token that the issuer cannot know. */
export function opaqueProbeToken({ opaquePrefix }: Pick<ProbeTokenForm, 'opaquePrefix'>): string {
  return (opaquePrefix ?? '') + random()
}

/** Whether a token has the format of a signed JWT. */
export function isCompactJws(token: string): boolean {
  return COMPACT_JWS.test(token)
}

// Hexadecimal, because a filter may reject sequences such as `--` as an attack.
function random(): string {
  return randomBytes(32).toString('hex')
}

function encode(part: Readonly<Record<string, string>>): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
