import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toDer } from '../../src/jwt/ecdsa-der.js'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const zeros = (count: number): string => '00'.repeat(count)
const ones = (count: number): string => 'ff'.repeat(count)

describe('an ECDSA signature in DER', () => {
  it.each([
    ['integers without a sign bit or leading zeros', 2, '0102 0304', '30 08 02 02 0102 02 02 0304'],
    ['a first bit that would be a sign', 2, '8001 7fff', '30 09 02 03 008001 02 02 7fff'],
    ['leading zeros that are all removed', 4, `00000012 00000034`, '30 06 02 01 12 02 01 34'],
    ['leading zeros of which one is kept', 4, `000000ff 000080ff`, '30 09 02 02 00ff 02 03 0080ff'],
    ['integers that are zero', 4, `${zeros(4)} ${zeros(4)}`, '30 06 02 01 00 02 01 00'],
    [
      'the longest signature whose length takes one byte',
      61,
      `${ones(61)} 7f${ones(60)}`,
      `30 7f 02 3e 00${ones(61)} 02 3d 7f${ones(60)}`,
    ],
    [
      'the shortest signature whose length takes two bytes',
      61,
      `${ones(61)} ${ones(61)}`,
      `30 81 80 02 3e 00${ones(61)} 02 3e 00${ones(61)}`,
    ],
    [
      'the longest signature',
      66,
      `${ones(66)} ${ones(66)}`,
      `30 81 8a 02 43 00${ones(66)} 02 43 00${ones(66)}`,
    ],
  ])('%s', (_, size, numbers, der) => {
    expect(toDer(hex(numbers), size)?.toString('hex')).toBe(hex(der).toString('hex'))
  })

  it.each([0, 1, 32, 63, 65, 128])('is undefined for %i bytes in place of 64', (length) => {
    expect(toDer(Buffer.alloc(length, 1), 32)).toBeUndefined()
  })
})

it.each([
  ['P-256', 'sha256', 32, 600],
  ['P-384', 'sha384', 48, 200],
  // Half of the integers begin with a zero: the first byte of a number of 521 bits has only one.
  ['P-521', 'sha512', 66, 50],
] as const)(
  'OpenSSL accepts the DER form of every signature by a key on %s',
  (namedCurve, digest, size, count) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const key = createPublicKey({ key: publicKey.export({ format: 'jwk' }), format: 'jwk' })
    // Enough signatures that some contain an integer with a leading zero.
    for (let index = 0; index < count; index += 1) {
      const data = Buffer.from(`input ${index}`)
      const signature = sign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      const der = toDer(signature, size)
      expect(der !== undefined && verify(digest, data, key, der)).toBe(true)
    }
  },
)
