import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect, it } from 'vitest'
import { readJwk } from '../../src/keys/jwk.js'

const rsa = (bits: number): KeyObject => generateKeyPairSync('rsa', { modulusLength: bits }).publicKey
const curve = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).publicKey

const withExponent = (bytes: number) => ({
  ...rsa(2048).export({ format: 'jwk' }),
  e: Buffer.alloc(bytes, 1).toString('base64url'),
})

it.each([
  [4, true],
  [5, false],
  [250, false],
])('a key with an exponent of %i bytes is quick: %s', (bytes, isQuick) => {
  expect(readJwk(withExponent(bytes))?.isQuick).toBe(isQuick)
})

it.each([
  ['RSA of 2,048 bits', rsa(2048), true],
  ['RSA of 3,072 bits', rsa(3072), true],
  ['RSA of 3,080 bits', rsa(3080), false],
  ['P-256', curve('P-256'), false],
  ['P-521', curve('P-521'), false],
  ['Ed25519', generateKeyPairSync('ed25519').publicKey, false],
])('whether a key is quick: %s', (_, key, isQuick) => {
  expect(readJwk(key.export({ format: 'jwk' }))?.isQuick).toBe(isQuick)
})
