import { isRecord } from '../configuration.js'
import type { UnverifiedJwt } from '../issuers/issuer.js'

/** Three base64url parts, the last of which an unsecured JWT leaves empty (RFC 7515 section 3.1, RFC 7519 section 6). */
const COMPACT_JWS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/

/** Deeper nesting than any honest claim has, and shallow enough to copy and print without care. */
const DEEPEST_NESTING = 64

/** Whether a token has the form of a compact JWS, signed or not. */
export function looksLikeJwt(token: string): boolean {
  return COMPACT_JWS.test(token)
}

/** Whether a token is a compact JWE: five parts with a JSON header that names an encryption (RFC 7516 section 3.1). */
export function looksLikeJwe(token: string): boolean {
  const parts = token.split('.', 6)
  if (parts.length !== 5) return false
  const header = decodeObject(parts[0] ?? '')
  return header !== undefined && Object.hasOwn(header, 'enc')
}

/**
 * Decodes a JWT without verifying it. Undefined unless each part is strict base64url (no padding, no spare
 * bits, so that one token has one spelling) of a UTF-8 JSON object.
 */
export function decodeJwt(token: string): UnverifiedJwt | undefined {
  const [, encodedHeader = '', encodedClaims = '', signature = ''] = COMPACT_JWS.exec(token) ?? []
  const header = decodeObject(encodedHeader)
  const claims = decodeObject(encodedClaims)
  if (header === undefined || claims === undefined || !isCanonical(signature)) return undefined
  return { header, claims }
}

function decodeObject(part: string): Readonly<Record<string, unknown>> | undefined {
  if (part === '' || !isCanonical(part)) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(part, 'base64url'),
    )
    const value = JSON.parse(text) as unknown
    return isRecord(value) && !isNestedDeeperThan(value, DEEPEST_NESTING) ? value : undefined
  } catch {
    return undefined
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Whether base64url text is the one way to write its bytes: the bits beyond the last byte are zero (RFC 4648 section 3.5). */
function isCanonical(part: string): boolean {
  const rest = part.length % 4
  if (rest === 0) return true
  if (rest === 1) return false
  const last = ALPHABET.indexOf(part.at(-1) ?? '')
  return (last & (rest === 2 ? 0b1111 : 0b11)) === 0
}

function isNestedDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((member) => isNestedDeeperThan(member, levels - 1))
}
