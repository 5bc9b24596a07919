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

function encodingsOf(secret: string): readonly string[] {
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
