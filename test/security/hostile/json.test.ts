import { describe, expect, it } from 'vitest'
import { sharedAttackBed } from '../../support/tokens/attack.js'
import { header, payload, type Write } from './written-token.js'

const held = sharedAttackBed()

describe('E80 and F89: header and claims are each one JSON object in UTF-8', () => {
  const texts: readonly (readonly [string, string | Buffer])[] = [
    ['a list', '[]'],
    ['a string', '"text"'],
    ['a number', '7'],
    ['true', 'true'],
    ['null', 'null'],
    ['nothing but a space', ' '],
    ['two objects', '{}{}'],
    ['a comment', '{"a":1/*x*/}'],
    ['a comma at the end', '{"a":1,}'],
    ['a NUL at the end', '{"a":1}\0'],
    ['half an object', '{"a":'],
    ['NaN', '{"exp":NaN}'],
    ['Infinity', '{"exp":Infinity}'],
    ['a number in hex', '{"exp":0xffffffff}'],
    ['single quotes', "{'a':1}"],
    ['a byte order mark', '\uFEFF{"a":1}'],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
    ['invalid UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])],
    [
      'an overlong form',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    ],
    [
      'a surrogate in UTF-8',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ],
  ]

  it.each(texts)('E80: a header that is %s', async (_, text) => {
    expect(await held.bed.outcome(header(text)(held.bed))).toBe('token_undecodable')
  })

  it.each(texts)('F89: claims that are %s', async (_, text) => {
    expect(await held.bed.outcome(payload(text)(held.bed))).toBe('token_undecodable')
  })

  it.each<[string, Write]>([
    ['F89: right claims after a byte order mark', payload((honest) => `\uFEFF${honest}`)],
    [
      'F89: right claims and invalid UTF-8',
      payload((honest) =>
        Buffer.concat([
          Buffer.from(honest.slice(0, -1)),
          Buffer.from(',"a":"'),
          Buffer.from([0xff]),
          Buffer.from('"}'),
        ]),
      ),
    ],
    ['E80: the right header after a byte order mark', header((honest) => `\uFEFF${honest}`)],
    ['E80: the right header in a list', header((honest) => `[${honest}]`)],
    ['F89: the right claims in a list', payload((honest) => `[${honest}]`)],
    ['F89: the right claims twice', payload((honest) => honest + honest)],
  ])('%s', async (_, write) => {
    expect(await held.bed.outcome(write(held.bed))).toBe('token_undecodable')
  })

  it('white space around the objects is JSON, and accepted', async () => {
    const { bed } = held
    const spaced = bed.raw(` \n${JSON.stringify(bed.header)}\t`, `\r\n${JSON.stringify(bed.claims)} `)
    expect(await bed.outcome(spaced)).toBe('accepted')
  })
})

describe('a duplicate member: the validated value is the used value', () => {
  it.each<[string, Write, string]>([
    [
      'E81: alg good, then none',
      header((honest) => `${honest.slice(0, -1)},"alg":"none"}`),
      'algorithm_not_allowed',
    ],
    [
      'E81: alg good, then HS256',
      header((honest) => `${honest.slice(0, -1)},"alg":"HS256"}`),
      'algorithm_not_allowed',
    ],
    [
      'E81: alg good, then none in escapes',
      header((honest) => `${honest.slice(0, -1)},"\\u0061lg":"none"}`),
      'algorithm_not_allowed',
    ],
    [
      'E81: kid good, then unknown',
      header((honest) => `${honest.slice(0, -1)},"kid":{}}`),
      'token_undecodable',
    ],
    [
      'F94: iss good, then foreign',
      payload((honest) => `${honest.slice(0, -1)},"iss":"https://evil.test"}`),
      'issuer_unknown',
    ],
    ['G111: exp ahead, then past', payload((honest) => `${honest.slice(0, -1)},"exp":1}`), 'token_expired'],
    [
      'F99: aud good, then foreign',
      payload((honest) => `${honest.slice(0, -1)},"aud":"x"}`),
      'audience_mismatch',
    ],
    ['C29: alg none, then good', header((honest) => `{"alg":"none",${honest.slice(1)}`), 'accepted'],
    [
      'F94: iss foreign, then good',
      payload((honest) => `{"iss":"https://evil.test",${honest.slice(1)}`),
      'accepted',
    ],
  ])('%s', async (_, write, expected) => {
    // The issuer itself signed these: the last of two is used, by us as by JSON.parse anywhere else.
    expect(await held.bed.outcome(write(held.bed))).toBe(expected)
  })
})
