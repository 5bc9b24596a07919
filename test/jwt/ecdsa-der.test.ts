import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toDer } from '../../src/jwt/ecdsa-der.js'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const zeros = (count: number): string => '00'.repeat(count)
const ones = (count: number): string => 'ff'.repeat(count)

describe('an ECDSA signature in DER', () => {
  it.each([
    ['plain numbers', 2, '0102 0304', '30 08 02 02 0102 02 02 0304'],
    ['a first bit that would be a sign', 2, '8001 7fff', '30 09 02 03 008001 02 02 7fff'],
    ['zeros in front, of which none is needed', 4, `00000012 00000034`, '30 06 02 01 12 02 01 34'],
    ['zeros in front, of which one is needed', 4, `000000ff 000080ff`, '30 09 02 02 00ff 02 03 0080ff'],
    ['numbers of nothing but zeros', 4, `${zeros(4)} ${zeros(4)}`, '30 06 02 01 00 02 01 00'],
    [
      'the longest whose length takes one byte',
      61,
      `${ones(61)} 7f${ones(60)}`,
      `30 7f 02 3e 00${ones(61)} 02 3d 7f${ones(60)}`,
    ],
    [
      'the shortest whose length takes two',
      61,
      `${ones(61)} ${ones(61)}`,
      `30 81 80 02 3e 00${ones(61)} 02 3e 00${ones(61)}`,
    ],
    [
      'the longest there is',
      66,
      `${ones(66)} ${ones(66)}`,
      `30 81 8a 02 43 00${ones(66)} 02 43 00${ones(66)}`,
    ],
  ])('%s', (_, size, numbers, der) => {
    expect(toDer(hex(numbers), size)?.toString('hex')).toBe(hex(der).toString('hex'))
  })

  it.each([0, 1, 32, 63, 65, 128])('of %i bytes, where 64 are due, there is none', (length) => {
    expect(toDer(Buffer.alloc(length, 1), 32)).toBeUndefined()
  })
})

it.each([
  ['P-256', 'sha256', 32],
  ['P-384', 'sha384', 48],
  ['P-521', 'sha512', 66],
] as const)(
  'whatever a key on %s signs, holds in the form that OpenSSL reads',
  (namedCurve, digest, size) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const key = createPublicKey({ key: publicKey.export({ format: 'jwk' }), format: 'jwk' })
    // So many that some have a number with a zero in front.
    for (let index = 0; index < 600; index += 1) {
      const data = Buffer.from(`input ${index}`)
      const signature = sign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      const der = toDer(signature, size)
      expect(der !== undefined && verify(digest, data, key, der)).toBe(true)
    }
  },
)
