import type { GuardedRequest, HeaderReader } from '../model/request.js'

/** Returns the path of a request without the query, which may contain secrets. */
export function pathOf({ originalUrl, url }: GuardedRequest): string | undefined {
  const target: unknown = originalUrl ?? url
  if (typeof target !== 'string') return undefined
  if (target.startsWith('/')) return withoutQuery(target)
  const simple = SIMPLE_URL.exec(target)?.[1]
  if (simple !== undefined && !simple.includes('/.')) return simple
  const path = URL.canParse(target) ? new URL(target).pathname : target
  return withoutQuery(path).replace(USER_INFORMATION, '$1')
}

/** A URL without user information whose path `URL` returns unchanged, unless it has dot segments. Saves two parsers per event. */
const SIMPLE_URL = /^https?:\/\/[a-z\d.-]+(?::\d{1,4})?(\/[\w\-./]*)(?:[?#]|$)/

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/)
  return end === -1 ? path : path.slice(0, end)
}

/** User name and password before the host of a URL that `URL` cannot parse. */
const USER_INFORMATION = /^([a-z][a-z0-9+.-]*:\/*)[^/]*@/i

/** Headers besides `Authorization` in which clients and proxies send credentials. */
const FURTHER_HEADERS = [
  'proxy-authorization',
  'cf-access-jwt-assertion',
  'x-api-key',
  'x-forwarded-access-token',
  'x-goog-iap-jwt-assertion',
] as const

/** Whether a request sends credentials in another header than `Authorization`. */
export function hasFurtherCredentials({ headers }: GuardedRequest): boolean {
  if (typeof headers.get === 'function') {
    const reader = headers as HeaderReader
    return FURTHER_HEADERS.some((name) => (reader.get(name) ?? undefined) !== undefined)
  }
  return FURTHER_HEADERS.some((name) => Reflect.get(headers, name) !== undefined)
}

/**
 * Returns the credentials that a request sends: each value of each `Authorization` header, of the header that a guard
 * reads in its place and of other headers for credentials, and the parts of it that consist of token characters. Includes values that are not valid bearer
 * credentials.
 */
export function credentialsOf(
  { headers, rawHeaders }: GuardedRequest,
  tokenHeader?: string,
): readonly string[] {
  const isCredential = (name: unknown): boolean =>
    isNamed(name, 'authorization', tokenHeader, ...FURTHER_HEADERS)
  const values: unknown[] = []
  if (Array.isArray(rawHeaders)) {
    for (let index = 0; index < rawHeaders.length; index += 2) {
      if (isCredential(rawHeaders[index])) values.push(rawHeaders[index + 1])
    }
  }
  if (typeof headers.get === 'function') {
    const names = ['authorization', ...FURTHER_HEADERS, ...(tokenHeader === undefined ? [] : [tokenHeader])]
    for (const name of names) values.push(headers.get(name))
  } else
    for (const name of Object.keys(headers)) if (isCredential(name)) values.push(Reflect.get(headers, name))
  return [
    ...new Set(
      values
        .flat()
        .filter((value) => typeof value === 'string')
        .flatMap(partsOf),
    ),
  ]
}

function isNamed(name: unknown, ...names: readonly (string | undefined)[]): boolean {
  return typeof name === 'string' && names.includes(name.toLowerCase())
}

/** The value, the part after its scheme, and every substring that may be a token (RFC 6750 section 2.1). */
function partsOf(value: string): readonly string[] {
  const credentials = /^\S+\s+(.*)$/s.exec(value)?.[1]
  return [value, ...(credentials === undefined ? [] : [credentials]), ...(value.match(TOKENS) ?? [])]
}

const TOKENS = /[A-Za-z0-9\-._~+/]{16,}=*/g
const MASK = '[token]'

/** Minimum length of a secret. Shorter strings are not masked, otherwise a caller could hide any path from events. */
const MIN_SECRET_LENGTH = 16

/** Minimum length of a recognized part of a secret, separators not counted. */
const MIN_PART_LENGTH = 20

/** Maximum length as sent, and after decoding. A longer string is masked entirely. */
const MAX_ENCODED_LENGTH = 65_536
const MAX_DECODED_LENGTH = 2048

/** Maximum total length of the credentials. Above it, the string is masked entirely. */
const MAX_SECRETS_LENGTH = 32_768

/** Maximum length for the search window by window, whose time a caller could otherwise make long. */
const MAX_WINDOWED_LENGTH = 256

/**
 * Masks secrets in a string that the caller chose, such as a path. Finds secrets that are plain, percent-encoded any number
 * of times, partial, or split by separators. `isJwt` states that every secret is a JWT, which is searched in less time.
 */
export function maskSecrets(input: string, secrets: readonly string[], isJwt = false): string {
  if (input.length < MIN_SECRET_LENGTH || secrets.length === 0) return input
  const joined = joinDistinct(secrets)
  if (input.length > MAX_ENCODED_LENGTH || joined.length > MAX_SECRETS_LENGTH) return MASK
  const { plain, starts } = decode(input)
  // Masked without a search, because the caller could otherwise make the search take long.
  if (plain.length > MAX_DECODED_LENGTH) return MASK
  const mask = new Uint8Array(plain.length + 1)
  let isFound = markParts(mask, plain, joined, isJwt)
  for (const secret of secrets) {
    if (markWhole(mask, plain, secret)) isFound = true
  }
  return isFound ? replaceMarked(mask, input, starts) : input
}

/** Between joined secrets, so that no part consists of the end of one and the start of another. */
const JOINT = '\n'

/** Joins the secrets, so that one search finds parts of all. Secrets contained in an earlier one are omitted. */
function joinDistinct(secrets: readonly string[]): string {
  let joined = ''
  for (const secret of secrets) {
    if (!joined.includes(secret)) joined += joined === '' ? secret : JOINT + secret
    if (joined.length > MAX_SECRETS_LENGTH) return joined
  }
  return joined
}

/** Values in a mask: the first character of a replaced part, and its further characters. */
const FIRST = 1
const NEXT = 2

function mark(mask: Uint8Array, start: number, end: number): void {
  if (mask[start] !== NEXT) mask[start] = FIRST
  mask.fill(NEXT, start + 1, end)
}

function markWhole(mask: Uint8Array, plain: string, secret: string): boolean {
  if (plain.length < MIN_SECRET_LENGTH) return false
  const decoded = secret.includes('%') ? decode(secret).plain : secret
  if (decoded.length < MIN_SECRET_LENGTH || plain.length < decoded.length) return false
  let isFound = false
  for (let at = plain.indexOf(decoded); at !== -1; at = plain.indexOf(decoded, at + decoded.length)) {
    mark(mask, at, at + decoded.length)
    isFound = true
  }
  return isFound
}

const SEPARATORS = /[^A-Za-z0-9_-]+/g
const SEPARATORS_IN_SECRETS = /[^A-Za-z0-9_\n-]+/g

function markParts(mask: Uint8Array, plain: string, secret: string, isJwt: boolean): boolean {
  if (plain.length < MIN_PART_LENGTH || secret.length < MIN_PART_LENGTH) return false
  const path = plain.replace(SEPARATORS, '')
  if (path.length < MIN_PART_LENGTH) return false
  // A JWT has no other separator, and a constant string is replaced several times as fast as a pattern.
  const joined = isJwt ? secret.replaceAll('.', '') : secret.replace(SEPARATORS_IN_SECRETS, '')
  if (path.length <= MAX_WINDOWED_LENGTH && !haveWindowInCommon(path, joined)) return false
  // Indexes the parts of the path, because its maximum length is less than that of the secrets.
  const found = new Map<string, number[]>()
  for (let at = 0; at + MIN_PART_LENGTH <= path.length; at += 1) {
    const part = path.slice(at, at + MIN_PART_LENGTH)
    const places = found.get(part)
    if (places === undefined) found.set(part, [at])
    else places.push(at)
  }
  const places = placesOf(plain)
  let isFound = false
  for (let at = 0; at + MIN_PART_LENGTH <= joined.length; at += 1) {
    const part = joined.slice(at, at + MIN_PART_LENGTH)
    const starts = found.get(part)
    if (starts === undefined) continue
    // Each part is marked once, even if the secret repeats it.
    found.delete(part)
    isFound = true
    for (const start of starts) mark(mask, places[start] ?? 0, (places[start + MIN_PART_LENGTH - 1] ?? 0) + 1)
  }
  return isFound
}

/** Whether both may share a part, which would contain one of these windows. Most paths share none. */
function haveWindowInCommon(path: string, secret: string): boolean {
  const size = MIN_PART_LENGTH / 2
  for (let at = 0; at + size <= path.length; at += size) {
    if (secret.includes(path.slice(at, at + size))) return true
  }
  return false
}

/** The indexes of the characters that are not separators. */
function placesOf(plain: string): readonly number[] {
  const places: number[] = []
  for (const { index } of plain.matchAll(/[A-Za-z0-9_-]/g)) places.push(index)
  return places
}

function replaceMarked(mask: Uint8Array, input: string, starts: readonly number[] | undefined): string {
  let replaced = ''
  for (let at = 0; at < mask.length - 1; at += 1) {
    if (mask[at] === FIRST) replaced += MASK
    if (mask[at] === 0) replaced += input.slice(starts?.[at] ?? at, starts?.[at + 1] ?? at + 1)
  }
  return replaced
}

interface Decoded {
  readonly plain: string
  /** The index in the original at which each character of `plain` starts; `undefined` if nothing is encoded. */
  readonly starts: readonly number[] | undefined
}

/** Decodes percent-encoded characters (RFC 3986 section 2.1) repeatedly, as a chain of servers might do. */
function decode(input: string): Decoded {
  if (!input.includes('%')) return { plain: input, starts: undefined }
  const characters: string[] = []
  const starts: number[] = []
  for (let at = 0; at < input.length; at += 1) {
    characters.push(input.charAt(at))
    starts.push(at)
    // A decoded character may complete an escape that began before it.
    for (let escape = escapeAtEnd(characters); escape !== undefined; escape = escapeAtEnd(characters)) {
      characters.splice(-3, 3, escape)
      starts.length -= 2
    }
  }
  return { plain: characters.join(''), starts: [...starts, input.length] }
}

function escapeAtEnd(characters: readonly string[]): string | undefined {
  if (characters.at(-3) !== '%') return undefined
  const code = `${characters.at(-2) ?? ''}${characters.at(-1) ?? ''}`
  return /^[0-9a-f]{2}$/i.test(code) ? String.fromCharCode(Number.parseInt(code, 16)) : undefined
}
