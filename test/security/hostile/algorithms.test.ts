import { constants, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decode, encode, keyOf, mac, seal, withMembers } from '../../support/tokens/forge.js'
import { type AttackBed, sharedAttackBed } from '../../support/tokens/attack.js'

const rsa = keyOf('RS256')
const ed = keyOf('EdDSA')
const es384 = keyOf('ES384')
const held = sharedAttackBed({ keys: [keyOf('ES256').jwk, rsa.jwk, ed.jwk, es384.jwk] })

/** Asserts that there was no call: the keys are cached, and an invalid token must not trigger a fetch. */
async function refusedForFree(token: string, expected: string): Promise<void> {
  expect(await held.bed.outcome(token)).toBe(expected)
  expect(held.bed.issuer.calls.total).toBe(0)
}

describe('C29: no spelling of none is an algorithm', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'none\0', '', 'null'])('%j', async (alg) => {
    const { bed } = held
    const head = encode(withMembers(bed.header, { alg }))
    const body = encode(bed.claims)
    await refusedForFree(`${head}.${body}.`, 'algorithm_not_allowed')
    await refusedForFree(bed.token({}, { alg }), 'algorithm_not_allowed')
    await refusedForFree(`${head}.${body}`, 'token_undecodable')
  })

  it('a valid token whose signature is cut off', async () => {
    await refusedForFree(held.bed.token().replace(/[^.]*$/, ''), 'signature_invalid')
  })
})

describe('C30 to C32: a value that is not the name of an accepted algorithm', () => {
  it.each<[string, unknown]>([
    ['C30: missing', undefined],
    ['C30: null', null],
    ['C30: a number', 256],
    ['C30: true', true],
    ['C30: a list', ['ES256']],
    ['C30: an object', { ES256: true }],
    ['C31: lower case', 'es256'],
    ['C31: a NUL', 'ES256\0'],
    ['C31: a space', ' ES256'],
    ['C31: __proto__', '__proto__'],
    ['C31: constructor', 'constructor'],
    ['C31: length', 'length'],
    ['C31: includes', 'includes'],
    ['C32: RS1', 'RS1'],
    ['C46: ES256K', 'ES256K'],
    ['C46: Ed448', 'Ed448'],
    ['C38: HS256', 'HS256'],
    ['an encryption', 'RSA-OAEP'],
    ['several in a string', 'ES256 RS256'],
  ])('%s', async (_, alg) => {
    await refusedForFree(held.bed.token({}, { alg }), 'algorithm_not_allowed')
  })

  it('C82: an alg that stands only inside __proto__', async () => {
    const { bed } = held
    const head = `{"__proto__":{"alg":"ES256"},"kid":${JSON.stringify(bed.key.kid)}}`
    await refusedForFree(bed.raw(head, bed.claims), 'algorithm_not_allowed')
  })
})

describe('C33 to C39: a published key is not used as a shared secret', () => {
  const pem = rsa.publicKeyPem
  const { n = '', x = '' } = { ...(rsa.jwk as { n?: string }), ...(ed.jwk as { x?: string }) }
  const secrets: readonly (readonly [string, string | Buffer])[] = [
    ['C33: the PEM', pem],
    ['C33: the PEM trimmed', pem.trim()],
    ['C33: the PEM in one line', pem.replaceAll('\n', '')],
    ['C33: the PEM with CR LF', pem.replaceAll('\n', '\r\n')],
    ['C33: white space before the PEM', ` \n${pem}`],
    ['C34: the PEM of PKCS#1', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })],
    ['C34: DER', rsa.publicKey.export({ type: 'spki', format: 'der' })],
    ['C34: the JWK', JSON.stringify(rsa.jwk)],
    ['C34: the key set', JSON.stringify({ keys: [rsa.jwk] })],
    ['C34: the modulus as a string', n],
    ['C34: the modulus as bytes', decode(n)],
    ['C36: the PEM of the EC key', keyOf('ES256').publicKeyPem],
    ['C36: x of the Ed25519 key', decode(x)],
    ['C38: nothing', ''],
    ['C38: secret', 'secret'],
    ['C38: the kid', rsa.kid],
    ['C38: undefined', 'undefined'],
    ['C38: zero bytes', Buffer.alloc(32)],
  ]
  it.each(secrets)('%s', async (_, secret) => {
    const { bed } = held
    for (const bits of [256, 384, 512] as const) {
      await refusedForFree(mac(bits, secret, { kid: rsa.kid }, bed.claims), 'algorithm_not_allowed')
    }
    await refusedForFree(mac(256, secret, { kid: rsa.kid, alg: 'RS256' }, bed.claims), 'signature_invalid')
  })

  it('C39: a kid that is a path to an empty file', async () => {
    const forged = mac(256, '', { kid: '../../dev/null' }, held.bed.claims)
    await refusedForFree(forged, 'algorithm_not_allowed')
  })
})

describe('C37: a shared key in the published set', () => {
  const shared = { kty: 'oct', k: encode('a shared secret of 32 bytes ....'), kid: 'shared', alg: 'HS256' }
  const other = sharedAttackBed({
    keys: [shared, { ...shared, alg: 'ES256', kid: 'dressed' }, keyOf('ES256').jwk],
  })
  it.each(['shared', 'dressed'])('does not verify (%s)', async (kid) => {
    const { bed } = other
    const secret = 'a shared secret of 32 bytes ....'
    expect(await bed.outcome(mac(256, secret, { kid }, bed.claims))).toBe('algorithm_not_allowed')
    const dressed = mac(256, secret, { kid, alg: 'ES256' }, bed.claims)
    expect(await bed.outcome(dressed)).toBe('key_unknown')
    expect(await bed.outcome(bed.token())).toBe('accepted')
    expect(bed.issuer.calls.jwks).toBe(0)
  })
})

describe('C43 to C45: a key serves the algorithm it was published for', () => {
  it.each(['RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const)(
    'C43: the key names RS256, the token has a valid %s signature',
    async (algorithm) => {
      const { bed } = held
      const header = { alg: algorithm, kid: rsa.kid }
      await refusedForFree(seal(rsa, header, bed.claims, algorithm), 'key_unknown')
    },
  )

  it.each<[string, string, string, string]>([
    ['C44: RS256 named, PSS made', 'RS256', 'PS256', 'signature_invalid'],
    ['C44: PS256 named, PKCS#1 made', 'PS256', 'RS256', 'key_unknown'],
    ['C43: RS256 named, SHA-512 made', 'RS256', 'RS512', 'signature_invalid'],
  ])('%s', async (_, alg, made, expected) => {
    await refusedForFree(seal(rsa, { alg, kid: rsa.kid }, held.bed.claims, made), expected)
  })

  it.each<[string, string, string, string]>([
    ['C45: ES256 with a key on P-384', 'ES256', es384.kid, 'key_unknown'],
    ['C45: ES384 with a key on P-256', 'ES384', keyOf('ES256').kid, 'key_unknown'],
    ['C45: RS256 with the kid of an EC key', 'RS256', keyOf('ES256').kid, 'key_unknown'],
    ['C45: ES256 with the kid of an RSA key', 'ES256', rsa.kid, 'key_unknown'],
    ['C45: EdDSA with the kid of an EC key', 'EdDSA', keyOf('ES256').kid, 'key_unknown'],
  ])('%s', async (_, alg, kid, expected) => {
    await refusedForFree(held.bed.token({}, { alg, kid }), expected)
  })
})

describe('C43: RSA keys that name no algorithm serve each of the family, and never across', () => {
  const { alg: _alg, ...anonymous } = rsa.jwk
  const other = sharedAttackBed({ keys: [anonymous] })
  it.each(['RS256', 'RS512', 'PS256', 'PS512'])('%s', async (algorithm) => {
    const { bed } = other
    const header = { alg: algorithm, kid: rsa.kid }
    expect(await bed.outcome(seal(rsa, header, bed.claims, algorithm))).toBe('accepted')
    const crossed = algorithm.startsWith('RS') ? algorithm.replace('RS', 'PS') : algorithm.replace('PS', 'RS')
    expect(await bed.outcome(seal(rsa, header, bed.claims, crossed))).toBe('signature_invalid')
  })

  it.each<[string, number]>([
    ['0', 0],
    ['20', 20],
    ['64', 64],
  ])('D53: PS256 with a salt of %s bytes', async (_, saltLength) => {
    const { bed } = other
    const input = `${encode({ alg: 'PS256', kid: rsa.kid })}.${encode(bed.claims)}`
    const padding = constants.RSA_PKCS1_PSS_PADDING
    const bytes = sign('sha256', Buffer.from(input), { key: rsa.privateKey, padding, saltLength })
    expect(await bed.outcome(`${input}.${bytes.toString('base64url')}`)).toBe('signature_invalid')
  })
})

describe('an algorithm that the options do not name', () => {
  const strict = sharedAttackBed({ oauth: { algorithms: ['ES384'] }, keys: [keyOf('ES256').jwk, es384.jwk] })
  const tokens: readonly (readonly [string, (bed: AttackBed) => string, string])[] = [
    ['a valid ES256 token', (bed) => bed.token(), 'algorithm_not_allowed'],
    ['an ES256 token that calls itself ES384', (bed) => bed.token({}, { alg: 'ES384' }), 'key_unknown'],
    ['a valid ES384 token', (bed) => bed.token({}, {}, es384), 'accepted'],
  ]
  it.each(tokens)('%s', async (_, write, expected) => {
    expect(await strict.bed.outcome(write(strict.bed))).toBe(expected)
  })
})
