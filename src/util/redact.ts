/** What stands for a secret while others are looked for: a text to be shown has no such character left. */
const MARK = '\u0000'

/** What a reader does not see: a secret with one of these inside would be taken for another text. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]+/gu

/**
 * What others sent, as one line that can be shown: without characters that are not seen, and with `[secret]` in
 * place of every usual spelling of a secret.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const spellings = [...new Set(secrets.flatMap(spellingsOf))].sort((one, other) => other.length - one.length)
  const hide = (line: string): string =>
    spellings.reduce((hidden, spelling) => hidden.replaceAll(spelling, MARK), line)
  const apart = hide(withoutUnseen(text.replace(/[\p{Zl}\p{Zp}\s]+/gu, ' ')))
  // Line breaks part words; but where taking them out shows a secret, they had parted its halves.
  const joined = hide(withoutUnseen(text))
  return (marksIn(joined) > marksIn(apart) ? joined : apart).replaceAll(MARK, '[secret]')
}

/**
 * What others sent, fit to stand in an error and with it in a log: {@link withoutSecrets}, without a full stop at
 * its end, and cut after `atMost` characters.
 */
export function quoted(
  text: string,
  { secrets, atMost }: { readonly secrets: readonly string[]; readonly atMost: number },
): string {
  const line = withoutSecrets(text, secrets).replace(/\.$/, '')
  return line.length > atMost ? `${line.slice(0, atMost)}…` : line
}

function marksIn(line: string): number {
  return line.split(MARK).length
}

function withoutUnseen(text: string): string {
  return text.replace(UNSEEN, '')
}

function spellingsOf(secret: string): readonly string[] {
  // What is no Unicode has no encoding: it goes out with this in its place.
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
    ...encoded.map((text) => text.replace(/%../g, (byte) => byte.toLowerCase())),
    ...[json, inAscii(json)].flatMap((text) => [text, text.replaceAll('/', '\\/')]),
    ...[base64, base64url].flatMap((text) => [text, text.replace(/=+$/, '')]),
  ]
    .map(withoutUnseen)
    .filter((spelling) => spelling !== '')
}

/** JSON as many languages write it. */
function inAscii(json: string): string {
  return json.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
