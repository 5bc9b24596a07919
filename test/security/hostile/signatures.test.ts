import { constants, createHash, privateEncrypt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decode, encode, keyOf, seal } from '../../support/tokens/forge.js'
import { type AttackBed, sharedAttackBed } from '../../support/tokens/attack.js'

const es = keyOf('ES256')
const rsa = keyOf('RS256')
const ed = keyOf('EdDSA')
const held = sharedAttackBed({ keys: [es.jwk, rsa.jwk, ed.jwk] })

/** The order of P-256, and of the Ed25519 base point. */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const L = 2n ** 252n + 27742317777372353535851937790883648493n

function number(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}
function bytes(value: bigint, length = 32): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
}
function der(r: Buffer, s: Buffer): Buffer {
  const integer = (half: Buffer): Buffer => {
    const body = half[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), half]) : half
    return Buffer.concat([Buffer.from([2, body.length]), body])
  }
  const body = Buffer.concat([integer(r), integer(s)])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}

/** A valid token with a changed signature. */
async function forged(key: typeof es, change: (signature: Buffer) => Buffer): Promise<string> {
  const { bed } = held
  const [header, claims, signature = ''] = bed.token({}, {}, key).split('.')
  const outcome = await bed.outcome(`${header}.${claims}.${change(decode(signature)).toString('base64url')}`)
  expect(bed.issuer.calls.total).toBe(0)
  return outcome
}

describe('values that are not a signature', () => {
  const zero = Buffer.alloc(32)
  const halves = (signature: Buffer): readonly [Buffer, Buffer] => [
    signature.subarray(0, 32),
    signature.subarray(32),
  ]
  it.each<[string, (signature: Buffer) => Buffer]>([
    ['D48: empty', () => Buffer.alloc(0)],
    ['D48: cut by a byte', (signature) => signature.subarray(0, -1)],
    ['D48: longer by a byte', (signature) => Buffer.concat([signature, Buffer.from([0])])],
    ['D48: a zero in front', (signature) => Buffer.concat([Buffer.from([0]), signature])],
    [
      'D48: s + n',
      (signature) =>
        Buffer.concat([signature.subarray(0, 32), bytes((number(signature.subarray(32)) + N) % 2n ** 256n)]),
    ],
    ['D49: (0, 0)', () => Buffer.alloc(64)],
    ['D49: (n, n)', () => Buffer.concat([bytes(N), bytes(N)])],
    ['D49: (0, 1)', () => Buffer.concat([zero, bytes(1n)])],
    ['D49: (1, 0)', () => Buffer.concat([bytes(1n), zero])],
    ['D49: (r, 0)', (signature) => Buffer.concat([halves(signature)[0], zero])],
    ['D49: (p - n, 1)', () => Buffer.concat([bytes(P - N), bytes(1n)])],
    ['D49: (n - 1, n - 1)', () => Buffer.concat([bytes(N - 1n), bytes(N - 1n)])],
    ['D50: DER', (signature) => der(...halves(signature))],
    ['D50: r and s swapped', (signature) => Buffer.concat([...halves(signature)].reverse())],
    [
      'D50: halves padded to 33 bytes',
      (signature) => Buffer.concat(halves(signature).flatMap((half) => [Buffer.from([0]), half])),
    ],
  ])('%s (ES256)', async (_, change) => {
    expect(await forged(es, change)).toBe('signature_invalid')
  })

  it.each<[string, (signature: Buffer) => Buffer]>([
    ['D48: empty', () => Buffer.alloc(0)],
    ['D48: a zero in front', (signature) => Buffer.concat([Buffer.from([0]), signature])],
    ['D49: 0', () => Buffer.alloc(256)],
    ['D49: 1', () => bytes(1n, 256)],
    ['D49: the modulus', () => decode((rsa.jwk as unknown as { n: string }).n)],
    ['D49: all ones', () => Buffer.alloc(256, 0xff)],
  ])('%s (RS256)', async (_, change) => {
    expect(await forged(rsa, change)).toBe('signature_invalid')
  })

  it.each<[string, (signature: Buffer) => Buffer]>([
    ['D48: empty', () => Buffer.alloc(0)],
    ['D52: all zero', () => Buffer.alloc(64)],
    [
      'D52: S + L',
      (signature) => {
        const s = number(Buffer.from(signature.subarray(32)).reverse()) + L
        return Buffer.concat([signature.subarray(0, 32), bytes(s).reverse()])
      },
    ],
    ['D52: neutral point and 0', () => Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])],
  ])('%s (EdDSA)', async (_, change) => {
    expect(await forged(ed, change)).toBe('signature_invalid')
  })
})

describe('D53: PKCS#1 paddings that are not exactly right', () => {
  const SHA256 = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const frame = (...parts: readonly Buffer[]): Buffer => Buffer.concat(parts)
  const ones = (count: number): Buffer => Buffer.alloc(count, 0xff)
  it.each<[string, (digest: Buffer) => Buffer, string]>([
    [
      'the right one, by hand',
      (digest) => frame(Buffer.from([0, 1]), ones(202), Buffer.from([0]), SHA256, digest),
      'accepted',
    ],
    [
      'type 02',
      (digest) => frame(Buffer.from([0, 2]), ones(202), Buffer.from([0]), SHA256, digest),
      'signature_invalid',
    ],
    [
      'a hole in the padding',
      (digest) =>
        frame(
          Buffer.from([0, 1]),
          ones(100),
          Buffer.from([0xfe]),
          ones(101),
          Buffer.from([0]),
          SHA256,
          digest,
        ),
      'signature_invalid',
    ],
    [
      'bytes after the digest',
      (digest) =>
        frame(Buffer.from([0, 1]), ones(190), Buffer.from([0]), SHA256, digest, Buffer.alloc(12, 7)),
      'signature_invalid',
    ],
    [
      'SHA-1 inside',
      (digest) =>
        frame(
          Buffer.from([0, 1]),
          ones(218),
          Buffer.from([0]),
          Buffer.from('3021300906052b0e03021a05000414', 'hex'),
          digest.subarray(0, 20),
        ),
      'signature_invalid',
    ],
    [
      'no digest info',
      (digest) => frame(Buffer.from([0, 1]), ones(221), Buffer.from([0]), digest),
      'signature_invalid',
    ],
  ])('%s', async (_, pad, expected) => {
    const { bed } = held
    const input = `${encode({ alg: 'RS256', kid: rsa.kid })}.${encode(bed.claims)}`
    const block = pad(createHash('sha256').update(input).digest())
    expect(block).toHaveLength(256)
    const signature = privateEncrypt({ key: rsa.privateKey, padding: constants.RSA_NO_PADDING }, block)
    expect(await bed.outcome(`${input}.${signature.toString('base64url')}`)).toBe(expected)
  })
})

describe('what belongs together', () => {
  it('D51: the twin (r, n - s) of an ES256 signature is valid, and says the same', async () => {
    const { bed } = held
    const token = bed.token()
    const [header, claims, signature = ''] = token.split('.')
    const s = N - number(decode(signature).subarray(32))
    const twin = `${header}.${claims}.${Buffer.concat([decode(signature).subarray(0, 32), bytes(s)]).toString('base64url')}`
    const [one, other] = await Promise.all([bed.verifier.verify(token), bed.verifier.verify(twin)])
    expect({ ...other, fingerprint: one.fingerprint }).toEqual(one)
  })

  it.each([0, 1, 2])('D47: part %i of another valid token', async (index) => {
    const { bed } = held
    const [one, other] = [bed.token(), bed.token({ sub: 'shop', client_id: 'shop' }, { x: 1 })]
    const parts = one.split('.')
    parts[index] = other.split('.')[index]!
    expect(await bed.outcome(one)).toBe('accepted')
    expect(await bed.outcome(parts.join('.'))).toBe('signature_invalid')
  })

  it('I141 and I146: an invalid signature after the valid token was cached', async () => {
    const { bed } = held
    const token = bed.token()
    expect(await bed.outcome(token)).toBe('accepted')
    const broken = token.slice(0, -40) + (token.at(-40) === 'A' ? 'B' : 'A') + token.slice(-39)
    expect(await bed.outcome(broken)).toBe('signature_invalid')
    expect(await bed.outcome(token)).toBe('accepted')
  })

  it('I141: two tokens that share all but a claim in the middle are two', async () => {
    const { bed } = held
    const read = async (scope: string): Promise<readonly string[]> =>
      (await bed.verifier.verify(bed.token({ scope }))).scopes
    expect(await read('aaaa')).toEqual(['aaaa'])
    expect(await read('bbbb')).toEqual(['bbbb'])
  })

  it('D47: a token signed with a key that is not published under the kid of one that is', async () => {
    const stranger = keyOf('ES256', 'stranger')
    const forge = (bed: AttackBed): string => seal(stranger, bed.header, bed.claims)
    expect(await held.bed.outcome(forge(held.bed))).toBe('signature_invalid')
  })
})
