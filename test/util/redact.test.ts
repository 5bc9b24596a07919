import { describe, expect, it } from 'vitest'
import { withoutSecrets } from '../../src/util/redact.js'

const SECRET = 'p+ss/w"rd é?>~!\\'
const form = new URLSearchParams({ s: SECRET }).toString().slice(2)
const base64 = Buffer.from(SECRET).toString('base64')
const base64url = Buffer.from(SECRET).toString('base64url')

const SPELLINGS: Readonly<Record<string, string>> = {
  'as is': SECRET,
  'percent-encoded': encodeURIComponent(SECRET),
  'percent-encoded in lower case': encodeURIComponent(SECRET).replace(/%../g, (byte) => byte.toLowerCase()),
  'form-encoded': form,
  'form-encoded with %20 for a space': form.replaceAll('+', '%20'),
  'JSON-escaped': JSON.stringify(SECRET).slice(1, -1),
  'JSON-escaped in ASCII': JSON.stringify(SECRET).slice(1, -1).replace('é', '\\u00e9'),
  'JSON-escaped with escaped slashes': JSON.stringify(SECRET).slice(1, -1).replace('/', '\\/'),
  'in base64': base64,
  'in base64 without padding': base64.replace(/=+$/, ''),
  'in base64url': base64url,
  'in base64url with padding': base64url.padEnd(base64.length, '='),
  'with a zero-width space inside': `${SECRET.slice(0, 3)}\u200b${SECRET.slice(3)}`,
  'with a line break inside': `${SECRET.slice(0, 3)}\r\n${SECRET.slice(3)}`,
  'with a soft hyphen inside': `${SECRET.slice(0, 3)}\u00ad${SECRET.slice(3)}`,
}

describe('a redacted string', () => {
  it.each(Object.entries(SPELLINGS))('does not contain a secret that is encoded %s', (_name, spelled) => {
    expect(withoutSecrets(`no ${spelled} here`, ['other', SECRET])).toBe('no [secret] here')
  })

  it('hides the longer of two overlapping secrets completely', () => {
    expect(withoutSecrets('got abcdef', ['abc', 'abcdef'])).toBe('got [secret]')
  })

  it('is not garbled by a secret that is a word of the replacement', () => {
    expect(withoutSecrets('a secret thing and more', ['secret', 'more'])).toBe(
      'a [secret] thing and [secret]',
    )
  })

  it('is one line, with its words separated', () => {
    expect(withoutSecrets('one\r\ntwo\u2028three\u0007\u200b', [])).toBe('one two three')
  })

  it('is unchanged if a secret is empty or consists of invisible characters', () => {
    expect(withoutSecrets('all well', ['', '\u200b'])).toBe('all well')
  })

  it('hides a secret that is not well-formed Unicode', () => {
    expect(withoutSecrets('got a\ud800b, a\ufffdb', ['a\ud800b'])).toBe('got [secret], [secret]')
  })
})
