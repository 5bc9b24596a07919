import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBearer } from '../../src/bearer/bearer-token.js'
import { Refusal } from '../../src/index.js'
import { isBearerToken } from '../../src/bearer/b64token.js'
import { runs } from './support.js'

const TOKEN68 = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/')

/**
 * Reads the grammar character by character: `credentials = "Bearer" 1*SP b64token` (RFC 9110 section 11.4,
 * RFC 6750 section 2.1). The scheme ends at white space or at the end.
 */
function expected(header: string): { readonly token: string } | 'token_missing' | 'token_malformed' {
  let at = 0
  while (at < header.length && header[at] !== ' ' && header[at] !== '\t') at += 1
  if (!isBearer(header.slice(0, at))) return 'token_missing'
  const afterScheme = at
  while (header[at] === ' ') at += 1
  if (at === afterScheme) return 'token_malformed'
  const start = at
  while (at < header.length && TOKEN68.has(header.charAt(at))) at += 1
  if (at === start) return 'token_malformed'
  while (header[at] === '=') at += 1
  return at === header.length ? { token: header.slice(start) } : 'token_malformed'
}

function isBearer(scheme: string): boolean {
  if (scheme.length !== 6) return false
  for (let at = 0; at < 6; at += 1) if (!['bearer'[at], 'BEARER'[at]].includes(scheme[at])) return false
  return true
}

function found(request: Parameters<typeof readBearer>[0]): ReturnType<typeof expected> {
  const result = readBearer(request)
  // The verifier checks the characters of a token that is not cached.
  if (typeof result === 'string') return isBearerToken(result) ? { token: result } : 'token_malformed'
  expect(result).toBeInstanceOf(Refusal)
  return result.reason as 'token_missing' | 'token_malformed'
}

const scheme = fc.constantFrom(
  'Bearer',
  'bearer',
  'BEARER',
  'bEaReR',
  'Basic',
  'DPoP',
  'Bearerx',
  'Bearer:',
  '',
)
const gap = fc.constantFrom('', ' ', '  ', '\t', ' \t', '\u00a0', '\n', ', ')
const value = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,40}={0,3}$/),
  fc.constantFrom('', '=', '==a', 'a=b', 'a,b', 'a b', '"a"', 'a\0', 'ａ', 'K', 'a\r\nX: y'),
)
const header = fc.oneof(
  fc.tuple(scheme, gap, value, fc.constantFrom('', ' ', '\t', ', Bearer x')).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)

test('an Authorization header is read by the grammar: a token, missing or malformed', () => {
  fc.assert(
    fc.property(header, (text) => {
      expect(found({ headers: { authorization: text } })).toEqual(expected(text))
    }),
    runs(8000),
  )
})

test('a custom header object, one of Node and a Headers are read the same way', () => {
  // Node's parser and Headers accept no control characters and no white space at either end.
  const sendable = header.filter((text) =>
    /^[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/.test(text),
  )
  fc.assert(
    fc.property(
      sendable,
      fc.constantFrom('authorization', 'Authorization', 'AUTHORIZATION'),
      (text, name) => {
        const byNode = found({ headers: { authorization: text }, rawHeaders: [name, text] })
        expect(found({ headers: { [name]: text } })).toEqual(byNode)
        expect(found({ headers: { authorization: [text] } })).toEqual(byNode)
        expect(found({ headers: new Headers({ [name]: text }) })).toEqual(byNode)
      },
    ),
    runs(2000),
  )
})

test('a second Authorization header, in any case and position, is malformed', () => {
  const name = fc.constantFrom('authorization', 'Authorization', 'AUTHORIZATION', 'aUTHORIZATION')
  const other = fc.tuple(fc.constantFrom('host', 'x-authorization', 'authorizatio'), fc.string())
  fc.assert(
    fc.property(
      name,
      name,
      header,
      header,
      fc.array(other),
      fc.array(other),
      (first, second, one, two, before, between) => {
        const rawHeaders = [...before.flat(), first, one, ...between.flat(), second, two]
        expect(found({ headers: { authorization: one }, rawHeaders })).toBe('token_malformed')
        expect(found({ headers: { authorization: [one, two] } })).toBe('token_malformed')
      },
    ),
    runs(1000),
  )
})
