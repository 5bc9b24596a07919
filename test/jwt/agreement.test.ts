import { sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJwk } from '../../src/keys/jwk.js'
import { type VerificationKey } from '../../src/model/key/verification-key.js'
import { verifyWithJose, verifyWithNode } from '../../src/jwt/signature.js'
import type { SigningAlgorithm } from '../../src/testing/index.js'
import type { SigningKey } from '../../src/testing/state/signing-keys.js'
import { keyOf, signature as signatureBy } from '../support/tokens/forge.js'
import { runs } from '../properties/support.js'
import { SIGNING_ALGORITHMS } from '../support/tokens/algorithms.js'
import { SIGNED } from '../security/vectors/published.js'

interface Signer {
  readonly algorithm: string
  readonly key: VerificationKey
  readonly sign: (input: Buffer) => Buffer
}

/** One key for all algorithms that it supports: a signature by another algorithm is refused because of its algorithm. */
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
 * Results of the three implementations: inline, in the thread pool, jose. Of two signatures in one run of code, the first
 * is verified inline, and the second in the pool if its key is slow.
 */
async function resultsOf(token: string, { algorithm, key }: Pick<Signer, 'algorithm' | 'key'>) {
  const slow = { ...key, isQuick: false }
  await new Promise((resolve) => setImmediate(resolve))
  const inline = verifyWithNode(token, algorithm, slow)
  const inPool = verifyWithNode(token, algorithm, slow)
  expect(inline).not.toBeInstanceOf(Promise)
  expect(inPool).toBeInstanceOf(Promise)
  return { inline, inPool: await inPool, jose: await verifyWithJose(token, algorithm, key) }
}

const all = (isValid: boolean) => ({ inline: isValid, inPool: isValid, jose: isValid })

describe.each(SIGNERS)('$algorithm', (by) => {
  const input = inputOf(by.algorithm)
  const signature = by.sign(Buffer.from(input))

  it('every implementation accepts a valid signature', async () => {
    expect(await resultsOf(tokenOf(input, signature), by)).toEqual(all(true))
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
    ['a byte too short', signature.subarray(0, -1)],
    ['a byte too long', Buffer.concat([signature, Buffer.from([0])])],
    ['preceded by a zero', Buffer.concat([Buffer.from([0]), signature])],
    ['repeated', Buffer.concat([signature, signature])],
    ['cut to its first half', signature.subarray(0, half)],
    ['swapped in its halves', Buffer.concat([signature.subarray(half), signature.subarray(0, half)])],
    ['zero in its first half', Buffer.concat([Buffer.alloc(half), signature.subarray(half)])],
    ['zero in its second half', Buffer.concat([signature.subarray(0, half), Buffer.alloc(half)])],
    ['changed in a bit of its first byte', flipped(signature, 0)],
    ['changed in a bit of its last byte', flipped(signature, signature.length - 1)],
  ]
  it.each(CHANGES)('every implementation refuses a signature that is %s', async (_, changed) => {
    expect(await resultsOf(tokenOf(input, changed), by)).toEqual(all(false))
  })

  it.each(SIGNERS.filter((other) => other.algorithm !== by.algorithm && other.sign !== by.sign))(
    'every implementation refuses a signature by $algorithm, unless it is another name of the algorithm',
    async (other) => {
      const foreign = other.sign(Buffer.from(input))
      const isSame = [by, other].every(({ algorithm }) => ['EdDSA', 'Ed25519'].includes(algorithm))
      // jose compares the `alg` of the header with the expected one, which is that of `by`.
      expect(await resultsOf(tokenOf(input, foreign), by)).toEqual(all(isSame))
    },
  )

  it('every implementation refuses the signature of other claims', async () => {
    expect(await resultsOf(tokenOf(inputOf(by.algorithm, { sub: 'y' }), signature), by)).toEqual(all(false))
  })

  it('all implementations have the same result for any change to the bytes of a token', async () => {
    const change = fc.record({
      part: fc.constantFrom('input', 'signature'),
      at: fc.nat(),
      bits: fc.integer({ min: 0, max: 255 }),
      cut: fc.integer({ min: 0, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 3 }), async (changes) => {
        // Only the claims are changed, because the header is validated before the signature.
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
        const { inline, inPool, jose } = await resultsOf(
          tokenOf(`${header}.${claims.toString('base64url')}`, bytes),
          by,
        )
        expect(inline).toBe(jose)
        expect(inPool).toBe(jose)
      }),
      runs(60),
    )
  })
})

describe('published test vectors', () => {
  it.each(SIGNED)('every implementation accepts $source ($algorithm)', async ({ algorithm, jwk, token }) => {
    const key = readJwk(jwk)
    expect(key).toBeDefined()
    expect(await resultsOf(token, { algorithm, key: key! })).toEqual(all(true))
  })
})

describe('an ECDSA signature in DER', () => {
  it.each([256, 384, 512] as const)('every implementation refuses it: ES%i', async (bits) => {
    const by = SIGNERS.find(({ algorithm }) => algorithm === `ES${bits}`)!
    const input = inputOf(by.algorithm)
    const der = sign(`sha${bits}`, Buffer.from(input), keyOf(`ES${bits}`).privateKey)
    expect(await resultsOf(tokenOf(input, der), by)).toEqual(all(false))
  })
})

describe('an unusable key', () => {
  it.each([
    ['a point that is not on its curve', { ...keyOf('ES256').jwk, y: keyOf('ES256').jwk['x'] }, 'ES256'],
    ['a point that is too short', { ...keyOf('ES384').jwk, x: 'AAAA' }, 'ES384'],
  ])('no implementation uses it: %s', async (_, jwk, algorithm) => {
    const key = readJwk(jwk)!
    const token = tokenOf(inputOf(algorithm), Buffer.alloc(96))
    expect(verifyWithNode(token, algorithm, key)).toBeUndefined()
    expect(await verifyWithJose(token, algorithm, key)).toBeUndefined()
  })
})

it('an algorithm that node:crypto is not used for is verified with jose', async () => {
  const key: VerificationKey = {
    ...SIGNERS[0]!.key,
    keyObject: () => {
      throw new Error('must not be called')
    },
    import: () => Promise.reject(new Error('unsupported algorithm')),
  }
  expect(
    await verifyWithNode(tokenOf(inputOf('ML-DSA-44'), Buffer.alloc(4)), 'ML-DSA-44', key),
  ).toBeUndefined()
})
