import { isUtf8 } from 'node:buffer'
import { LRUCache } from 'lru-cache'
import { isRecord } from '../util/members.js'
import { DEEPEST_NESTING, freezeWithin } from '../util/freeze.js'
import type { UnverifiedJwt } from '../model/issuer.js'

/** Three base64url parts, the last of which an unsecured JWT leaves empty (RFC 7515 section 3.1, RFC 7519 section 6). */
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

type JsonObject = Readonly<Record<string, unknown>>

/** Whether a token has the form of a compact JWS, signed or not. */
export function looksLikeJwt(token: string): boolean {
  return COMPACT_JWS.test(token)
}

/**
 * The header of a compact JWE: five parts, the first of which is JSON that names an encryption (RFC 7516 section 3.1).
 * Undefined for any other token.
 */
export function decodeJweHeader(token: string): JsonObject | undefined {
  const parts = token.split('.', 6)
  if (parts.length !== 5) return undefined
  const header = decodeObject(parts[0] ?? '')
  return header !== undefined && Object.hasOwn(header, 'enc') ? header : undefined
}

/** What a JSON object may begin with, as far as it goes: white space, a brace, white space, a name or the end. */
const START_OF_OBJECT = /^[ \t\n\r]*(?:$|\{[ \t\n\r]*(?:$|["}]))/

/** Whether a JWT or JWE in compact form may start with this text: its first part is base64url of a JSON object. */
export function mayStartJwt(prefix: string): boolean {
  const [part = ''] = prefix.split('.', 1)
  if (!/^[A-Za-z0-9_-]*$/.test(part) || prefix.startsWith('.')) return false
  // The last character may hold the first bits of a byte, which one more character completes.
  const isWhole = part.length % 4 === 0 || part !== prefix
  const endings = isWhole ? [''] : Array.from(ALPHABET)
  return endings.some((ending) =>
    START_OF_OBJECT.test(Buffer.from(part + ending, 'base64url').toString('latin1')),
  )
}

/**
 * Decodes a token that {@link looksLikeJwt}, without verifying it. Undefined unless each part is strict base64url
 * (no padding, no spare bits, so that one token has one spelling) of a UTF-8 JSON object.
 */
export function decodeJwt(token: string): UnverifiedJwt | undefined {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  const header = decodeHeader(token.slice(0, first))
  if (header === undefined || !isCanonical(token.slice(second + 1))) return undefined
  const claims = decodeObject(token.slice(first + 1, second))
  return claims === undefined ? undefined : { header, claims }
}

// All tokens signed with one key have the same header, so the cached text identifies no token. 100 entries serve many
// issuers; invalid tokens that fill the cache cost valid ones one more decoding.
const headers = new LRUCache<string, JsonObject>({ max: 100 })
const LONGEST_SHARED_HEADER = 512

function decodeHeader(part: string): JsonObject | undefined {
  const known = headers.get(part)
  if (known !== undefined) return known
  const header = decodeObject(part)
  if (header !== undefined && part.length <= LONGEST_SHARED_HEADER) {
    // The key is a copy: a part of a text keeps the whole text alive, which here is a token.
    headers.set(Buffer.from(part, 'latin1').toString('latin1'), header)
  }
  return header
}

function decodeObject(part: string): JsonObject | undefined {
  const text = decodeText(part)
  return text === undefined ? undefined : parseObject(text)
}

function decodeText(part: string): string | undefined {
  if (part === '' || !isCanonical(part)) return undefined
  const bytes = Buffer.from(part, 'base64url')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** Parses a JSON object. Frozen, because functions of a custom issuer see it before the library reads it. */
function parseObject(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return isRecord(value) && freezeWithin(value, DEEPEST_NESTING) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether base64url text is the one way to write its bytes: the bits beyond the last byte are zero (RFC 4648 section 3.5). */
function isCanonical(part: string): boolean {
  const rest = part.length % 4
  if (rest === 0) return true
  if (rest === 1) return false
  const last = ALPHABET.indexOf(part.at(-1) ?? '')
  return (last & (rest === 2 ? 0b1111 : 0b11)) === 0
}
