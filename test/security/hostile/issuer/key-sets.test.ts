import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../../src/testing/index.js'
import { attackBed } from '../../../support/tokens/attack.js'
import { encode, keyOf, seal, signature } from '../../../support/tokens/forge.js'

const good = keyOf('ES256')

describe('keys with which an attacker could sign are not used, and do not affect other keys', () => {
  const { n } = keyOf('RS256').jwk as unknown as { n: string }
  const small = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  it.each<[string, string, (input: string) => Buffer, object]>([
    ['D55: RSA with the exponent 1', 'RS256', (input) => pkcs1(input), { kty: 'RSA', n, e: 'AQ' }],
    ['D55: RSA with the exponent 1, padded', 'RS256', (input) => pkcs1(input), { kty: 'RSA', n, e: 'AAAB' }],
    ['D55: RSA with the exponent 2', 'RS256', (input) => pkcs1(input), { kty: 'RSA', n, e: 'Ag' }],
    ['D55: RSA without exponent', 'RS256', (input) => pkcs1(input), { kty: 'RSA', n, e: '' }],
    [
      'D56: the neutral point of Ed25519',
      'EdDSA',
      () => neutral(),
      { kty: 'OKP', crv: 'Ed25519', x: encode(Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])) },
    ],
    [
      'D56: a point of order two',
      'EdDSA',
      () => neutral(),
      { kty: 'OKP', crv: 'Ed25519', x: encode(Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex')) },
    ],
    [
      'D60: an RSA key of 1024 bits',
      'RS256',
      (input) => signature('RS256', createPrivateKey(small.privateKey), input),
      createPublicKey(small.publicKey).export({ format: 'jwk' }),
    ],
  ])('%s', async (_, alg, sign, jwk) => {
    const bed = await attackBed({ keys: [{ ...jwk, kid: 'weak' }, good.jwk] })
    const input = `${encode({ alg, kid: 'weak' })}.${encode(bed.claims)}`
    const forged = `${input}.${sign(input).toString('base64url')}`
    expect(await bed.outcome(forged)).toBe('key_unknown')
    expect(await bed.outcome(bed.token())).toBe('accepted')
    expect(bed.issuer.calls.jwks).toBe(1)
  })
})

describe('every encoding of an Ed25519 point of small order', () => {
  /** The y coordinate in hex, little-endian, with the order of its points. 0 and 1 are written in two ways each. */
  const points: readonly (readonly [order: number, y: string])[] = [
    [1, `01${'00'.repeat(31)}`],
    [1, `ee${'ff'.repeat(30)}7f`],
    [2, `ec${'ff'.repeat(30)}7f`],
    [4, '00'.repeat(32)],
    [4, `ed${'ff'.repeat(30)}7f`],
    [8, '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    [8, 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ]
  it.each(points)('D56: a point of order %i is not used: %s', async (order, y) => {
    for (const sign of [0, 0x80]) {
      const x = Buffer.from(y, 'hex')
      x[31] = x[31]! | sign
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: encode(x) }
      const bed = await attackBed({ keys: [{ ...jwk, kid: 'weak' }, good.jwk] })
      const inputs = Array.from({ length: 200 }, (_, jti) =>
        [
          { alg: 'EdDSA', kid: 'weak' },
          { ...bed.claims, jti: String(jti) },
        ]
          .map((part) => encode(part))
          .join('.'),
      )
      // For Node the constant signature is valid for one message in `order`.
      const held = inputs.find((input) =>
        verify(null, Buffer.from(input), { key: jwk, format: 'jwk' }, neutral()),
      )
      expect(held, `order ${order}`).toBeDefined()
      const forged = `${held}.${neutral().toString('base64url')}`
      expect(await bed.outcome(forged)).toBe('key_unknown')
      expect(await bed.outcome(bed.token())).toBe('accepted')
    }
  })
})

describe('entries that are not for this', () => {
  it.each<[string, object]>([
    ['D60: for encryption', { use: 'enc' }],
    ['D60: use in another case', { use: 'SIG' }],
    ['D60: key_ops without verify', { key_ops: ['encrypt'] }],
    ['D60: key_ops as a string', { key_ops: 'verify' }],
    ['a private key', { d: 'AAAA' }],
    ['a point off the curve', { x: encode(Buffer.alloc(32, 1)) }],
    ['another algorithm', { alg: 'ES384' }],
    ['an algorithm that is a list', { alg: ['ES256'] }],
    ['another curve', { crv: 'P-384' }],
    ['a curve __proto__', { crv: '__proto__' }],
    ['a type constructor', { kty: 'constructor' }],
    ['a type __proto__', { kty: '__proto__' }],
    ['a type that cannot be converted to a string', { kty: { toString: 1, valueOf: 1 } }],
    ['a kid that is a number', { kid: 1 }],
    ['a very long kid', { kid: 'k'.repeat(5000) }],
  ])('%s', async (_, members) => {
    const spare = keyOf('ES256', 'spare')
    const bed = await attackBed({ keys: [{ ...good.jwk, ...members }, spare.jwk] })
    expect(await bed.outcome(bed.token())).toMatch(/^(key_unknown|signature_invalid)$/)
    expect(await bed.outcome(bed.token({}, {}, spare))).toBe('accepted')
  })

  it.each([
    'null',
    '7',
    '"key"',
    '[]',
    '[[]]',
    '{}',
    '{"keys":[]}',
    '{"__proto__":{"kty":"EC"}}',
    '{"toString":1}',
  ])('the entry %s is skipped', async (text) => {
    const entry = JSON.parse(text) as unknown
    const bed = await attackBed({ keys: [entry, good.jwk, entry] })
    expect(await bed.outcome(bed.token())).toBe('accepted')
  })

  it('of seven keys under one id only the first few are tried: a token does not choose our workload', async () => {
    const twins = Array.from({ length: 6 }, (_, index) => ({
      ...keyOf('ES256', `t${index}`).jwk,
      kid: good.kid,
    }))
    const bed = await attackBed({ keys: [...twins, good.jwk] })
    expect(await bed.outcome(bed.token())).toBe('signature_invalid')
  })

  it('E70: no kid in the token: the only fitting key serves, and of several none', async () => {
    const other = keyOf('ES256', 'other')
    const bed = await attackBed({ keys: [good.jwk, keyOf('RS256').jwk] })
    expect(await bed.outcome(bed.token({}, { kid: undefined }))).toBe('accepted')
    expect(await bed.outcome(seal(other, { alg: 'ES256' }, bed.claims))).toBe('signature_invalid')
    const ambiguous = await attackBed({ keys: [good.jwk, other.jwk] })
    expect(await ambiguous.outcome(ambiguous.token({}, { kid: undefined }))).toBe('key_unknown')
    expect(ambiguous.issuer.calls.jwks).toBe(1)
  })

  it('D57: two issuers share a key id; each key verifies tokens of its issuer only', async () => {
    const one = await attackBed()
    const two = await attackBed({ keys: [{ ...keyOf('ES256', 'other').jwk, kid: good.kid }] })
    expect(await two.outcome(two.token())).toBe('signature_invalid')
    expect(await two.outcome(one.token())).toBe('issuer_unknown')
    expect(await one.outcome(one.token())).toBe('accepted')
  })
})

describe('documents that are not a key set are undecidable, until the backoff ends', () => {
  it.each<[string, Fault]>([
    ['a list', { body: [good.jwk] }],
    ['null', { body: 'null' }],
    ['no keys', { body: {} }],
    ['keys that are an object', { body: { keys: { 0: good.jwk, length: 1 } } }],
    ['keys only in __proto__', { body: `{"__proto__":{"keys":[${JSON.stringify(good.jwk)}]}}` }],
    ['not JSON', { body: 'keys' }],
    ['two documents', { body: `{"keys":[]}{"keys":[]}` }],
    ['a login page', 'html'],
    ['nothing', 'empty'],
    ['half of it', 'truncated'],
    ['a redirect, which is not followed', 'redirect'],
    ['more than 256 KiB', { body: { keys: [good.jwk], pad: 'x'.repeat(256 * 1024) } }],
    ['another status, with the right keys', { status: 203, body: { keys: [good.jwk] } }],
    ['invalid UTF-8', (_, response) => response.end(Buffer.from([0x7b, 0xff, 0x7d]))],
  ])('%s', async (_, fault) => {
    const bed = await attackBed()
    bed.issuer.fail('jwks', fault)
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await bed.outcome(bed.token())).toBe('keys_unavailable')
    }
    expect(bed.issuer.calls).toMatchObject({ jwks: 1, total: 1 })
    bed.publish(good.jwk)
    bed.pass(61)
    expect(await bed.outcome(bed.token())).toBe('accepted')
  })

  it('I154: an empty set, then a flood: one fetch in the pause', async () => {
    const bed = await attackBed({ keys: [] })
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(await bed.outcome(bed.token({ n: attempt }, { kid: `k${attempt}` }))).toBe('key_unknown')
    }
    expect(bed.issuer.calls.jwks).toBeLessThanOrEqual(2)
  })
})

function pkcs1(input: string): Buffer {
  // What a signature under e = 1 is: the padded digest itself.
  const digest = createHash('sha256').update(input).digest()
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(202, 0xff), Buffer.from([0]), info, digest])
}

function neutral(): Buffer {
  return Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])
}
