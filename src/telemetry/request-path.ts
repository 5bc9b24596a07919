import type { GuardedRequest } from '../model/request.js'

/** The request's path without its query, which may hold secrets. */
export function pathOf({ originalUrl, url }: GuardedRequest): string | undefined {
  const address: unknown = originalUrl ?? url
  if (typeof address !== 'string') return undefined
  const path = address.startsWith('/') || !URL.canParse(address) ? address : new URL(address).pathname
  return path.split(/[?#]/, 1)[0]?.replace(USER_INFORMATION, '$1')
}

/** What precedes the host of an address that no URL parser accepts: it may be a name and a password. */
const USER_INFORMATION = /^([a-z][a-z0-9+.-]*:\/*)[^/]*@/i

/**
 * What a request sends as credentials, readable or not: each value of each `Authorization` header, and the parts of it
 * that have the characters of a token.
 */
export function credentialsOf({ headers, rawHeaders }: GuardedRequest): readonly string[] {
  const values: unknown[] = []
  if (Array.isArray(rawHeaders)) {
    for (let index = 0; index < rawHeaders.length; index += 2) {
      if (isAuthorization(rawHeaders[index])) values.push(rawHeaders[index + 1])
    }
  }
  if (typeof headers.get === 'function') values.push(headers.get('authorization'))
  else
    for (const name of Object.keys(headers))
      if (isAuthorization(name)) values.push(Reflect.get(headers, name))
  return [
    ...new Set(
      values
        .flat()
        .filter((value) => typeof value === 'string')
        .flatMap(partsOf),
    ),
  ]
}

function isAuthorization(name: unknown): boolean {
  return typeof name === 'string' && name.toLowerCase() === 'authorization'
}

/** The value, what follows its scheme, and what may be a token (RFC 6750 section 2.1), whatever stands around it. */
function partsOf(value: string): readonly string[] {
  const credentials = /^\S+\s+(.*)$/s.exec(value)?.[1]
  return [value, ...(credentials === undefined ? [] : [credentials]), ...(value.match(TOKENS) ?? [])]
}

const TOKENS = /[A-Za-z0-9\-._~+/]{16,}=*/g
const MASK = '[token]'

/** A shorter string is not a secret, and its sender must not be able to hide what is reported of the path. */
const SHORTEST_SECRET = 16

/** Characters in a row, separators not counted, by which a part of a secret is recognized. */
const SHORTEST_PART = 20

/** A text with more characters is masked as a whole: as it was sent, and once it is decoded. */
const LONGEST_ENCODED = 65_536
const LONGEST_TEXT = 2048

/** Beyond so many characters of credentials a text is masked as a whole. */
const LONGEST_SECRETS = 32_768

/** Longer texts are not searched window by window: a sender could choose them so that this takes long. */
const LONGEST_SEARCHED = 256

/**
 * Masks secrets in a text that the caller chose, such as a path: plain, percent-encoded any number of times, in part, or
 * split by separators.
 */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  if (text.length < SHORTEST_SECRET || secrets.length === 0) return text
  const joined = joinDistinct(secrets)
  if (text.length > LONGEST_ENCODED || joined.length > LONGEST_SECRETS) return MASK
  const { plain, starts } = decode(text)
  // Its sender chose it, and searching it would take long.
  if (plain.length > LONGEST_TEXT) return MASK
  const mask = new Uint8Array(plain.length + 1)
  let isFound = markParts(mask, plain, joined)
  for (const secret of secrets) {
    if (markWhole(mask, plain, secret)) isFound = true
  }
  return isFound ? replaceMarked(mask, text, starts) : text
}

/** All secrets in one string, so that a text is searched for parts of them once. Most are parts of the first. */
function joinDistinct(secrets: readonly string[]): string {
  let joined = ''
  for (const secret of secrets) {
    if (!joined.includes(secret)) joined += joined === '' ? secret : ` ${secret}`
    if (joined.length > LONGEST_SECRETS) return joined
  }
  return joined
}

/** In a mask: the first character of what is replaced, and a character that continues it. */
const FIRST = 1
const NEXT = 2

function mark(mask: Uint8Array, start: number, end: number): void {
  if (mask[start] !== NEXT) mask[start] = FIRST
  mask.fill(NEXT, start + 1, end)
}

function markWhole(mask: Uint8Array, plain: string, secret: string): boolean {
  if (plain.length < SHORTEST_SECRET) return false
  const wanted = secret.includes('%') ? decode(secret).plain : secret
  if (wanted.length < SHORTEST_SECRET || plain.length < wanted.length) return false
  let isFound = false
  for (let at = plain.indexOf(wanted); at !== -1; at = plain.indexOf(wanted, at + wanted.length)) {
    mark(mask, at, at + wanted.length)
    isFound = true
  }
  return isFound
}

const SEPARATORS = /[^A-Za-z0-9_-]+/g

function markParts(mask: Uint8Array, plain: string, secret: string): boolean {
  if (plain.length < SHORTEST_PART || secret.length < SHORTEST_PART) return false
  const path = plain.replace(SEPARATORS, '')
  if (path.length < SHORTEST_PART) return false
  const wanted = secret.replace(SEPARATORS, '')
  if (path.length <= LONGEST_SEARCHED && !haveWindowInCommon(path, wanted)) return false
  // The parts of the path, because it is bounded to fewer characters than the secrets.
  const found = new Map<string, number[]>()
  for (let at = 0; at + SHORTEST_PART <= path.length; at += 1) {
    const part = path.slice(at, at + SHORTEST_PART)
    const places = found.get(part)
    if (places === undefined) found.set(part, [at])
    else places.push(at)
  }
  const places = placesOf(plain)
  let isFound = false
  for (let at = 0; at + SHORTEST_PART <= wanted.length; at += 1) {
    const part = wanted.slice(at, at + SHORTEST_PART)
    const starts = found.get(part)
    if (starts === undefined) continue
    // Marked once, however often the part is repeated.
    found.delete(part)
    isFound = true
    for (const start of starts) mark(mask, places[start] ?? 0, (places[start + SHORTEST_PART - 1] ?? 0) + 1)
  }
  return isFound
}

/** Whether a part may be in common: it then contains one of these windows whole. Most paths have none. */
function haveWindowInCommon(path: string, secret: string): boolean {
  const size = SHORTEST_PART / 2
  for (let at = 0; at + size <= path.length; at += size) {
    if (secret.includes(path.slice(at, at + size))) return true
  }
  return false
}

/** Where the characters that are not separators stand. */
function placesOf(plain: string): readonly number[] {
  const places: number[] = []
  for (const { index } of plain.matchAll(/[A-Za-z0-9_-]/g)) places.push(index)
  return places
}

function replaceMarked(mask: Uint8Array, text: string, starts: readonly number[] | undefined): string {
  let replaced = ''
  for (let at = 0; at < mask.length - 1; at += 1) {
    if (mask[at] === FIRST) replaced += MASK
    if (mask[at] === 0) replaced += text.slice(starts?.[at] ?? at, starts?.[at + 1] ?? at + 1)
  }
  return replaced
}

interface Decoded {
  readonly plain: string
  /** Where each character of `plain` starts in the original; undefined if nothing is encoded. */
  readonly starts: readonly number[] | undefined
}

/** Decodes percent-encoded characters (RFC 3986 section 2.1) until none is left, as servers in a row might do. */
function decode(text: string): Decoded {
  if (!text.includes('%')) return { plain: text, starts: undefined }
  const characters: string[] = []
  const starts: number[] = []
  for (let at = 0; at < text.length; at += 1) {
    characters.push(text.charAt(at))
    starts.push(at)
    // What was decoded may end an escape that began before it.
    for (let escape = escapeAtEnd(characters); escape !== undefined; escape = escapeAtEnd(characters)) {
      characters.splice(-3, 3, escape)
      starts.length -= 2
    }
  }
  return { plain: characters.join(''), starts: [...starts, text.length] }
}

function escapeAtEnd(characters: readonly string[]): string | undefined {
  if (characters.at(-3) !== '%') return undefined
  const code = `${characters.at(-2) ?? ''}${characters.at(-1) ?? ''}`
  return /^[0-9a-f]{2}$/i.test(code) ? String.fromCharCode(Number.parseInt(code, 16)) : undefined
}
