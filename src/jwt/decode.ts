import { isUtf8 } from 'node:buffer'
import { LRUCache } from 'lru-cache'
import { isRecord } from '../util/members.js'
import { parseJson } from '../util/json.js'
import { DEEPEST_NESTING, freezeWithin } from '../util/freeze.js'
import type { UnverifiedJwt } from '../model/issuer/issuer.js'

/** Three base64url parts. The last is empty in an unsecured JWT (RFC 7515 section 3.1, RFC 7519 section 6). */
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

type JsonObject = Readonly<Record<string, unknown>>

/** Whether a token has the form of a compact JWS, signed or not. */
export function looksLikeJwt(token: string): boolean {
  return COMPACT_JWS.test(token)
}

/**
 * Decodes the header of a compact JWE: five parts, of which the first is JSON with `enc` (RFC 7516 section 3.1).
 * Returns `undefined` for any other token.
 */
export function decodeJweHeader(token: string): JsonObject | undefined {
  const parts = token.split('.', 6)
  if (parts.length !== 5) return undefined
  const header = decodeObject(parts[0] ?? '')
  return header !== undefined && Object.hasOwn(header, 'enc') ? header : undefined
}

/**
 * Whether an issuer that decodes base64url leniently may read the token as a JWT: its first part is the base64 of a JSON
 * object, with padding or the characters of base64 or not. Such a token must not be routed as an opaque one, because the
 * rules for JWTs would not apply.
 */
export function resemblesJwt(token: string): boolean {
  const end = token.indexOf('.')
  // No decoder reads a token of two parts as a JWT.
  if (end <= 0 || !token.includes('.', end + 1)) return false
  try {
    // `Buffer` accepts both alphabets, padding and non-zero spare bits.
    return isRecord(JSON.parse(Buffer.from(token.slice(0, end), 'base64url').toString('utf8')) as unknown)
  } catch {
    return false
  }
}

/** Matches any prefix of a JSON object: white space, a brace, white space, a name or the closing brace. */
const START_OF_OBJECT = /^[ \t\n\r]*(?:$|\{[ \t\n\r]*(?:$|["}]))/

/** Whether a compact JWT or JWE may start with this prefix. Its first part is the base64url of a JSON object. */
export function mayStartJwt(prefix: string): boolean {
  const [part = ''] = prefix.split('.', 1)
  if (!/^[A-Za-z0-9_-]*$/.test(part) || prefix.startsWith('.')) return false
  // The last character may contain only the first bits of a byte. One more character completes the byte.
  const isComplete = part.length % 4 === 0 || part !== prefix
  const endings = isComplete ? [''] : Array.from(ALPHABET)
  return endings.some((ending) =>
    START_OF_OBJECT.test(Buffer.from(part + ending, 'base64url').toString('latin1')),
  )
}

/**
 * Decodes a token that {@link looksLikeJwt}, without verifying it. Returns `undefined` unless header and payload are
 * UTF-8 JSON objects in strict base64url. Padding and non-zero spare bits are refused, so that a token has one encoding.
 */
export function decodeJwt(token: string): UnverifiedJwt | undefined {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  const header = decodeHeader(token.slice(0, first))
  if (header === undefined || !isCanonical(token.slice(second + 1))) return undefined
  const claims = decodeObject(token.slice(first + 1, second))
  return claims === undefined ? undefined : { header, claims }
}

/** Returns the first part of a compact JWS that {@link decodeJwt} refuses, for the detail of the refusal. */
export function findUndecodablePart(token: string): 'header' | 'payload' | 'signature' {
  const first = token.indexOf('.')
  if (decodeHeader(token.slice(0, first)) === undefined) return 'header'
  return isCanonical(token.slice(token.indexOf('.', first + 1) + 1)) ? 'payload' : 'signature'
}

// All tokens signed with one key have the same header, so a cached header does not identify a token. 100 entries are
// enough for many issuers. If invalid tokens fill the cache, valid ones are decoded once more.
const headers = new LRUCache<string, JsonObject>({ max: 100 })
const MAX_CACHED_HEADER_LENGTH = 512

function decodeHeader(part: string): JsonObject | undefined {
  const cached = headers.get(part)
  if (cached !== undefined) return cached
  const header = decodeObject(part)
  if (header !== undefined && part.length <= MAX_CACHED_HEADER_LENGTH) {
    // The key is copied, because V8 keeps a string alive as long as a slice of it. Here that string is a token.
    headers.set(Buffer.from(part, 'latin1').toString('latin1'), header)
  }
  return header
}

function decodeObject(part: string): JsonObject | undefined {
  const json = decodeUtf8(part)
  return json === undefined ? undefined : parseObject(json)
}

function decodeUtf8(part: string): string | undefined {
  if (part === '' || !isCanonical(part)) return undefined
  const bytes = Buffer.from(part, 'base64url')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** Parses a JSON object and freezes it, because functions of a custom issuer receive it before the library reads it. */
function parseObject(json: string): JsonObject | undefined {
  const value = parseJson(json)
  return isRecord(value) && freezeWithin(value, DEEPEST_NESTING) ? value : undefined
}

/**
 * Whether a base64url string is the canonical encoding: the bits after the last byte are zero (RFC 4648 section 3.5).
 */
function isCanonical(part: string): boolean {
  const rest = part.length % 4
  if (rest === 0) return true
  if (rest === 1) return false
  const last = ALPHABET.indexOf(part.at(-1) ?? '')
  return (last & (rest === 2 ? 0b1111 : 0b11)) === 0
}
