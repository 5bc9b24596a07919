import { randomBytes } from 'node:crypto'

/** RFC 7515 section 3.1. */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** What the issuer's tokens look like. */
export interface ProbeTokenForm {
  /** What the issuer's opaque tokens start with. */
  readonly opaquePrefix: string | undefined
  /** The `iss` of the issuer's JWTs. */
  readonly jwtIssuer: string | undefined
}

/**
 * A random token that the issuer cannot know, in the form of the token it failed for: some issuers answer 500 to a token that
 * they cannot parse.
 */
export function probeToken(asked: string, { opaquePrefix, jwtIssuer }: ProbeTokenForm): string {
  // Hexadecimal, because a filter may take characters such as `--` for an attack.
  const random = (): string => randomBytes(32).toString('hex')
  if (!COMPACT_JWS.test(asked)) return (opaquePrefix ?? '') + random()
  const claims = { ...(jwtIssuer === undefined ? {} : { iss: jwtIssuer }), jti: random() }
  // Hexadecimal digits are base64url too: 512 of them stand for a signature of 384 bytes.
  const signature = randomBytes(256).toString('hex')
  return `${encode({ alg: 'RS256', kid: random() })}.${encode(claims)}.${signature}`
}

function encode(part: Readonly<Record<string, string>>): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
