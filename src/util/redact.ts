import { base64Copies } from './base64-copies.js'

/** Placeholder of a secret during redaction. It is a control character, so the redacted line has no other. */
const MARK = '\u0000'

/** Invisible characters. A secret containing them would otherwise escape redaction. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]+/gu

/**
 * Converts external input to one line that can be logged: without invisible characters, and with `[secret]` in place of
 * every common encoding of a secret.
 */
export function withoutSecrets(input: string, secrets: readonly string[]): string {
  const encodings = [...new Set(secrets.flatMap(encodingsOf))].sort((a, b) => b.length - a.length)
  const redact = (line: string): string =>
    encodings.reduce((redacted, encoding) => redacted.replaceAll(encoding, MARK), line)
  const separated = redact(removeInvisible(input.replace(/[\p{Zl}\p{Zp}\s]+/gu, ' ')))
  // Line breaks become spaces, unless removing them reveals another secret, which they had split.
  const joined = redact(removeInvisible(input))
  return (countMarks(joined) > countMarks(separated) ? joined : separated).replaceAll(MARK, '[secret]')
}

/**
 * Converts external input to a quotation for an error message: {@link withoutSecrets}, without a final full stop, and
 * cut after `atMost` characters.
 */
export function quoted(
  input: string,
  { secrets, atMost }: { readonly secrets: readonly string[]; readonly atMost: number },
): string {
  const line = withoutSecrets(input, secrets).replace(/\.$/, '')
  return line.length > atMost ? `${line.slice(0, atMost)}…` : line
}

function countMarks(line: string): number {
  return line.split(MARK).length
}

function removeInvisible(input: string): string {
  return input.replace(INVISIBLE, '')
}

/** Returns a secret in every common encoding, without invisible characters. */
export function encodingsOf(secret: string): readonly string[] {
  // A lone surrogate has no encoding and is sent as U+FFFD.
  const sent = secret.replace(/\p{Cs}/gu, '\ufffd')
  const form = new URLSearchParams({ '': sent }).toString().slice(1)
  const encoded = [encodeURIComponent(sent), form, form.replaceAll('+', '%20')]
  const json = JSON.stringify(secret).slice(1, -1)
  const base64 = Buffer.from(sent).toString('base64')
  const base64url = base64.replaceAll('+', '-').replaceAll('/', '_')
  return [
    secret,
    sent,
    ...encoded,
    ...encoded.map((value) => value.replace(/%../g, (byte) => byte.toLowerCase())),
    ...[json, escapeNonAscii(json)].flatMap((value) => [value, value.replaceAll('/', '\\/')]),
    ...[base64, base64url].flatMap((value) => [value, value.replace(/=+$/, '')]),
    // Last, because the complete form contains them.
    ...base64Copies(sent),
  ]
    .map(removeInvisible)
    .filter((encoding) => encoding !== '')
}

/** Escapes non-ASCII characters, as many JSON libraries do. */
function escapeNonAscii(json: string): string {
  return json.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Replaces strings in a JSON value: itself, the members of objects and lists, and names of members. The value is changed.
 *
 * @param mask - returns the replacement of a string, or the string itself.
 */
export function maskStrings(json: unknown, mask: (string: string) => string): unknown {
  if (typeof json === 'string') return mask(json)
  // Not recursive, because the sender decides how deeply the value is nested.
  const waiting: unknown[] = [json]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === 'object' && value !== null) maskMembers(value, mask, waiting)
  }
  return json
}

function maskMembers(object: object, mask: (string: string) => string, waiting: unknown[]): void {
  for (const [name, value] of Object.entries(object) as [string, unknown][]) {
    if (typeof value === 'object') waiting.push(value)
    const masked = typeof value === 'string' ? mask(value) : value
    const maskedName = mask(name)
    if (masked === value && maskedName === name) continue
    if (maskedName !== name) Reflect.deleteProperty(object, name)
    // Defined instead of assigned, because a member may have the name `__proto__`.
    const member = { value: masked, configurable: true, enumerable: true, writable: true }
    Object.defineProperty(object, maskedName, member)
  }
}
