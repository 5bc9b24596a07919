import { sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJwk } from '../../src/keys/jwk.js'
import { type VerificationKey } from '../../src/model/verification-key.js'
import { verifyWithJose, verifyWithNode } from '../../src/jwt/signature.js'
import type { SigningAlgorithm } from '../../src/testing/index.js'
import type { SigningKey } from '../../src/testing/state/signing-keys.js'
import { keyOf, signature as signatureBy } from '../support/forge.js'
import { runs } from '../properties/support.js'
import { SIGNING_ALGORITHMS } from '../support/algorithms.js'
import { SIGNED } from '../security/vectors/published.js'

interface Signer {
  readonly algorithm: string
  readonly key: VerificationKey
  readonly sign: (input: Buffer) => Buffer
}

/** One key for all algorithms that it fits: a verdict on a foreign signature is on its algorithm, not on its key. */
function keyFor(algorithm: SigningAlgorithm): SigningKey {
  if (algorithm.startsWith('ES')) return keyOf(algorithm)
  return keyOf(algorithm.startsWith('Ed') ? 'EdDSA' : 'RS256')
}

function signer(algorithm: SigningAlgorithm): Signer {
  const { jwk, privateKey } = keyFor(algorithm)
  const key = readJwk({ ...jwk, alg: algorithm })
  if (key === undefined) throw new Error(`no key for ${algorithm}`)
  return { algorithm, key, sign: (input) => signatureBy(algorithm, privateKey, input) }
}

const SIGNERS: readonly Signer[] = SIGNING_ALGORITHMS.map(signer)

function inputOf(algorithm: string, claims: unknown = { iss: 'https://auth.example.com', sub: 'x' }): string {
  return [{ alg: algorithm, typ: 'at+jwt' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
}

function tokenOf(input: string, signature: Buffer): string {
  return `${input}.${signature.toString('base64url')}`
}

/**
 * The verdicts of all three ways: here, in the thread pool, by jose. The first of two in one go stays here, and the
 * second, if its key is none of the quick ones, goes to the pool.
 */
async function verdicts(token: string, { algorithm, key }: Pick<Signer, 'algorithm' | 'key'>) {
  const costly = { ...key, isQuick: false }
  await new Promise((resolve) => setImmediate(resolve))
  const here = verifyWithNode(token, algorithm, costly)
  const inPool = verifyWithNode(token, algorithm, costly)
  expect(here).not.toBeInstanceOf(Promise)
  expect(inPool).toBeInstanceOf(Promise)
  return { here, inPool: await inPool, jose: await verifyWithJose(token, algorithm, key) }
}

const all = (verdict: boolean) => ({ here: verdict, inPool: verdict, jose: verdict })

describe.each(SIGNERS)('$algorithm', (by) => {
  const input = inputOf(by.algorithm)
  const signature = by.sign(Buffer.from(input))

  it('a signature holds for all', async () => {
    expect(await verdicts(tokenOf(input, signature), by)).toEqual(all(true))
  })

  const flipped = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes)
    copy[at] = copy[at]! ^ 1
    return copy
  }
  const half = signature.length / 2
  const CHANGES: readonly [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['all zero', Buffer.alloc(signature.length)],
    ['all ones', Buffer.alloc(signature.length, 255)],
    ['a byte short', signature.subarray(0, -1)],
    ['a byte long', Buffer.concat([signature, Buffer.from([0])])],
    ['with a zero in front', Buffer.concat([Buffer.from([0]), signature])],
    ['twice', Buffer.concat([signature, signature])],
    ['its first half', signature.subarray(0, half)],
    ['its halves exchanged', Buffer.concat([signature.subarray(half), signature.subarray(0, half)])],
    ['its first half zero', Buffer.concat([Buffer.alloc(half), signature.subarray(half)])],
    ['its second half zero', Buffer.concat([signature.subarray(0, half), Buffer.alloc(half)])],
    ['changed in its first bit', flipped(signature, 0)],
    ['changed in its last bit', flipped(signature, signature.length - 1)],
  ]
  it.each(CHANGES)('a signature that is %s holds for none', async (_, changed) => {
    expect(await verdicts(tokenOf(input, changed), by)).toEqual(all(false))
  })

  it.each(SIGNERS.filter((other) => other.algorithm !== by.algorithm && other.sign !== by.sign))(
    'a signature made under $algorithm holds for none, unless it is the same algorithm by another name',
    async (other) => {
      const foreign = other.sign(Buffer.from(input))
      const isSame = [by, other].every(({ algorithm }) => ['EdDSA', 'Ed25519'].includes(algorithm))
      // jose compares the header's alg with the one it is told, which is `by`'s own.
      expect(await verdicts(tokenOf(input, foreign), by)).toEqual(all(isSame))
    },
  )

  it('a signature of other claims holds for none', async () => {
    expect(await verdicts(tokenOf(inputOf(by.algorithm, { sub: 'y' }), signature), by)).toEqual(all(false))
  })

  it('whatever is done to the bytes of a token, all come to the same verdict', async () => {
    const change = fc.record({
      part: fc.constantFrom('input', 'signature'),
      at: fc.nat(),
      bits: fc.integer({ min: 0, max: 255 }),
      cut: fc.integer({ min: 0, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 3 }), async (changes) => {
        // Only the claims: a changed header is judged before any signature is.
        let claims = Buffer.from(input.slice(input.indexOf('.') + 1), 'base64url')
        let bytes = Buffer.from(signature)
        for (const { part, at, bits, cut } of changes) {
          const target = Buffer.from(part === 'input' ? claims : bytes)
          if (target.length > 0) target[at % target.length] = target[at % target.length]! ^ bits
          const kept = target.subarray(0, target.length - Math.min(cut, target.length))
          if (part === 'input') claims = kept
          else bytes = kept
        }
        const header = input.slice(0, input.indexOf('.'))
        const { here, inPool, jose } = await verdicts(
          tokenOf(`${header}.${claims.toString('base64url')}`, bytes),
          by,
        )
        expect(here).toBe(jose)
        expect(inPool).toBe(jose)
      }),
      runs(60),
    )
  })
})

describe('the published examples', () => {
  it.each(SIGNED)('$source ($algorithm) hold for all', async ({ algorithm, jwk, token }) => {
    const key = readJwk(jwk)
    expect(key).toBeDefined()
    expect(await verdicts(token, { algorithm, key: key! })).toEqual(all(true))
  })
})

describe('an elliptic curve signature in the DER form', () => {
  it.each([256, 384, 512] as const)('ES%i holds for none', async (bits) => {
    const by = SIGNERS.find(({ algorithm }) => algorithm === `ES${bits}`)!
    const input = inputOf(by.algorithm)
    const der = sign(`sha${bits}`, Buffer.from(input), keyOf(`ES${bits}`).privateKey)
    expect(await verdicts(tokenOf(input, der), by)).toEqual(all(false))
  })
})

describe('a key that cannot be used', () => {
  it.each([
    ['a point that is not on its curve', { ...keyOf('ES256').jwk, y: keyOf('ES256').jwk['x'] }, 'ES256'],
    ['a point that is too short', { ...keyOf('ES384').jwk, x: 'AAAA' }, 'ES384'],
  ])('%s: none of the ways uses it', async (_, jwk, algorithm) => {
    const key = readJwk(jwk)!
    const token = tokenOf(inputOf(algorithm), Buffer.alloc(96))
    expect(verifyWithNode(token, algorithm, key)).toBeUndefined()
    expect(await verifyWithJose(token, algorithm, key)).toBeUndefined()
  })
})

it('an algorithm that Node is not used for goes to jose', async () => {
  const key: VerificationKey = {
    ...SIGNERS[0]!.key,
    keyObject: () => {
      throw new Error('not to be asked')
    },
    import: () => Promise.reject(new Error('no such algorithm here')),
  }
  expect(
    await verifyWithNode(tokenOf(inputOf('ML-DSA-44'), Buffer.alloc(4)), 'ML-DSA-44', key),
  ).toBeUndefined()
})
