import { describe, expect, it } from 'vitest'
import { decode, encode, keyOf } from '../../support/tokens/forge.js'
import { type AttackBed, MARK, sharedAttackBed } from '../../support/tokens/attack.js'
import { header, payload, type Write } from './written-token.js'

const held = sharedAttackBed()

/** Changes one of the three parts of a valid token after it was signed. */
function part(index: 0 | 1 | 2, change: (text: string) => string): Write {
  return (bed) => {
    const parts = bed.token().split('.')
    parts[index] = change(parts[index]!)
    return parts.join('.')
  }
}

describe('a value without the form of a signed token is refused without a call', () => {
  it.each<[string, Write, string]>([
    ['B13: 20,000 dots', () => '.'.repeat(20_000), 'token_too_large'],
    ['B13: 20,000 letters', () => 'a'.repeat(20_000), 'token_too_large'],
    [
      'B14: a header of 100 KB, signed',
      header(JSON.stringify({ x: 'x'.repeat(100_000) })),
      'token_too_large',
    ],
    ['B14: claims of 200 KB, signed', payload(JSON.stringify({ x: 'x'.repeat(200_000) })), 'token_too_large'],
    ['B17: a dot', () => '.', 'token_undecodable'],
    ['B17: two dots', () => '..', 'token_undecodable'],
    ['B17: three dots', () => '...', 'token_undecodable'],
    ['B17: a.b', () => 'a.b', 'token_undecodable'],
    ['B17: a.b.c', () => 'a.b.c', 'token_undecodable'],
    ['B17: null', () => 'null', 'issuer_unknown'],
    ['B17: undefined', () => 'undefined', 'issuer_unknown'],
    ['B17: [object Object]', () => '[object Object]', 'token_malformed'],
    ['B18: two parts', (bed) => bed.token().split('.').slice(0, 2).join('.'), 'token_undecodable'],
    ['B18: a fourth part', (bed) => `${bed.token()}.${encode('x')}`, 'token_undecodable'],
    ['B18: a dot at the end', (bed) => `${bed.token()}.`, 'token_undecodable'],
    ['B18: a dot in front', (bed) => `.${bed.token()}`, 'token_undecodable'],
    ['B18: five parts', (bed) => `${bed.token()}.x.y`, 'token_undecodable'],
    ['B18: an empty header', part(0, () => ''), 'token_undecodable'],
    ['B18: empty claims', part(1, () => ''), 'token_undecodable'],
    ['B19: the flattened serialisation', () => '{"payload":"x"}', 'token_malformed'],
    ['B20: padding after the signature', part(2, (text) => `${text}==`), 'token_undecodable'],
    ['B20: padding after the claims', part(1, (text) => `${text}=`), 'token_malformed'],
    ['B20: plus', part(2, (text) => `+${text.slice(1)}`), 'token_undecodable'],
    ['B20: slash', part(2, (text) => `/${text.slice(1)}`), 'token_undecodable'],
    ['B20: a tilde', part(2, (text) => `~${text.slice(1)}`), 'token_undecodable'],
    [
      'B20: a space in the signature',
      part(2, (text) => `${text.slice(0, 9)} ${text.slice(9)}`),
      'token_malformed',
    ],
    [
      'B21: a line break in the claims',
      part(1, (text) => `${text.slice(0, 8)}\n${text.slice(8)}`),
      'token_malformed',
    ],
    [
      'B20: a part of an impossible length',
      part(1, (text) => `${text}AAAA`.slice(0, 5)),
      'token_undecodable',
    ],
  ])('%s', async (_, write, expected) => {
    const { bed } = held
    expect(await bed.outcome(write(bed))).toBe(expected)
    expect(bed.issuer.calls.total).toBe(0)
  })
})

describe('B22: one token has one spelling', () => {
  it.each<[string, 0 | 1 | 2]>([
    ['header', 0],
    ['claims', 1],
    ['signature', 2],
  ])(
    'spare bits in the last letter of the %s are refused, though the bytes are the same',
    async (_, index) => {
      const { bed } = held
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      // A claim, and a header member, of the length that leaves spare bits.
      const token = [0, 1, 2]
        .map((length) => bed.token({ pad: 'x'.repeat(length) }, { pad: 'x'.repeat(length) }))
        .find((candidate) => candidate.split('.')[index]!.length % 4 !== 0)!
      const parts = token.split('.')
      const text = parts[index]!
      parts[index] = text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) + 1]!
      expect(decode(parts[index]).equals(decode(text))).toBe(true)
      expect(await bed.outcome(token)).toBe('accepted')
      expect(await bed.outcome(parts.join('.'))).toBe('token_undecodable')
    },
  )
})

describe('size and depth', () => {
  it.each([
    [8192, 'accepted'],
    [8193, 'token_too_large'],
  ])('B14: a signed token of %i bytes: %s', async (length, expected) => {
    const { bed } = held
    const token = ofLength(bed, length)
    expect(token).toHaveLength(length)
    expect(await bed.outcome(token)).toBe(expected)
  })

  it.each<[string, Write]>([
    [
      'claims 1,500 lists deep',
      payload((honest) => `${honest.slice(0, -1)},"a":${'['.repeat(1500)}${']'.repeat(1500)}}`),
    ],
    [
      'claims 900 objects deep',
      payload((honest) => `${honest.slice(0, -1)},"a":${'{"":'.repeat(900)}1${'}'.repeat(900)}}`),
    ],
    [
      'a header 1,500 lists deep',
      header((honest) => `${honest.slice(0, -1)},"a":${'['.repeat(1500)}${']'.repeat(1500)}}`),
    ],
  ])('B15: %s are refused before the claims are traversed', async (_, write) => {
    expect(await held.bed.outcome(write(held.bed))).toBe('token_undecodable')
  })

  it('B15: claims as deep as is accepted can be copied and printed', async () => {
    const { bed } = held
    let deep: unknown = 'end'
    for (let level = 0; level < 60; level += 1) deep = [deep]
    const token = await bed.verifier.verify(bed.token({ deep }))
    expect(structuredClone(token.claims['deep'])).toEqual(deep)
    expect(JSON.stringify(token.claims)).toContain('"end"')
  })

  it('B16: hundreds of members and of scopes get the same decision', async () => {
    const { bed } = held
    const many = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`m${index}`, index]))
    expect(await bed.outcome(bed.token(many))).toBe('accepted')
    const words = Array.from({ length: 900 }, (_, index) => `s${index}`)
    const crowded = bed.token({ scope: words.join(' ') })
    expect(await bed.outcome(crowded, { scopes: 's899' })).toBe('accepted')
    expect(await bed.outcome(crowded, { scopes: 's900' })).toBe('scope_insufficient')
  })
})

describe('encrypted tokens are refused unopened', () => {
  const jwe = (members: object): string => `${encode(members)}.AAAA.AAAA.AAAA.AAAA`
  it.each<[string, string]>([
    ['B26: dir with a zip', jwe({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })],
    [
      'B27: PBES2 with a huge count',
      jwe({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 - 1, p2s: 'AAAA' }),
    ],
    [
      'B27: ECDH-ES with a point off the curve',
      jwe({ alg: 'ECDH-ES', enc: 'A128GCM', epk: { kty: 'EC', crv: 'P-256', x: 'AQ', y: 'AQ' } }),
    ],
    [
      'B28: RSA-OAEP with the published key id',
      jwe({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: keyOf('RS256').kid }),
    ],
    ['B18: five parts that are not a JWE', 'a.b.c.d.e'],
  ])('%s', async (_, token) => {
    expect(await held.bed.outcome(token)).toBe('token_undecodable')
    expect(held.bed.issuer.calls.total).toBe(0)
  })
})

function ofLength(bed: AttackBed, length: number): string {
  for (let shift = 0; shift < 4; shift += 1) {
    let token = bed.token({ pad: '' }, { pad: 'x'.repeat(shift) })
    const missing = length - token.length
    for (let size = Math.floor(missing * 0.74); token.length < length; size += 1) {
      token = bed.token({ pad: 'x'.repeat(size), mark: MARK }, { pad: 'x'.repeat(shift) })
    }
    if (token.length === length) return token
  }
  throw new Error('no token of that length')
}

describe('verify() of a token that came some other way holds to the same syntax', () => {
  it.each<[string, (token: string) => unknown, string]>([
    ['nothing', () => undefined, 'token_malformed'],
    ['null', () => null, 'token_malformed'],
    ['a number', () => 7, 'token_malformed'],
    ['an object', (token) => ({ toString: () => token }), 'token_malformed'],
    ['a list', (token) => [token], 'token_malformed'],
    ['a String object', (token) => Object(token), 'token_malformed'],
    ['empty', () => '', 'token_malformed'],
    ['a space in front', (token) => ` ${token}`, 'token_malformed'],
    ['a line break behind', (token) => `${token}\n`, 'token_malformed'],
    ['the scheme in front', (token) => `Bearer ${token}`, 'token_malformed'],
    ['two tokens', (token) => `${token},${token}`, 'token_malformed'],
    ['too long', (token) => token.padEnd(8193, 'A'), 'token_too_large'],
  ])('%s', async (_, write, expected) => {
    const { bed } = held
    const work = bed.verifier.verify(write(bed.token()) as string)
    await expect(work).rejects.toMatchObject({ name: 'Refusal', reason: expected })
    expect(bed.issuer.calls.total).toBe(0)
  })
})
