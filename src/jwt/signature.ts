import { constants, createVerify, verify, type KeyObject, type SigningOptions } from 'node:crypto'
import type { Awaitable } from '../awaitable.js'
import type { VerificationKey } from './jwk.js'
import { loadJose } from './jose.js'
import { Pace } from './pace.js'

/**
 * Whether a key vouches for a compact JWS (RFC 7515 section 5.2) under one algorithm; undefined if the key cannot
 * be used on this platform. At once where the check was made on this thread. Never throws.
 *
 * The token has the form of a compact JWS, its `alg` is the algorithm, and the key is for that algorithm: whoever
 * calls has judged all three.
 */
export type SignatureCheck = (
  token: string,
  algorithm: string,
  key: VerificationKey,
) => Awaitable<boolean | undefined>

/** How Node's own functions are told of an algorithm: the digest, and what goes with the key. */
interface NativeAlgorithm {
  /** `null` where the algorithm has one of its own. */
  readonly digest: string | null
  readonly options: SigningOptions
}

const PKCS1 = { padding: constants.RSA_PKCS1_PADDING }
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
// The two numbers of RFC 7518 section 3.4 side by side, not the DER structure that is OpenSSL's own.
const ECDSA = { dsaEncoding: 'ieee-p1363' } as const

const NATIVE = new Map<string, NativeAlgorithm>([
  ['RS256', { digest: 'sha256', options: PKCS1 }],
  ['RS384', { digest: 'sha384', options: PKCS1 }],
  ['RS512', { digest: 'sha512', options: PKCS1 }],
  ['PS256', { digest: 'sha256', options: PSS }],
  ['PS384', { digest: 'sha384', options: PSS }],
  ['PS512', { digest: 'sha512', options: PSS }],
  ['ES256', { digest: 'sha256', options: ECDSA }],
  ['ES384', { digest: 'sha384', options: ECDSA }],
  ['ES512', { digest: 'sha512', options: ECDSA }],
  ['EdDSA', { digest: null, options: {} }],
  ['Ed25519', { digest: null, options: {} }],
])

/** The reference: jose, through WebCrypto. */
export const checkWithJose: SignatureCheck = async (token, algorithm, key) => {
  const imported = await key.import(algorithm).catch(() => undefined)
  if (imported === undefined) return undefined
  try {
    const { compactVerify } = await loadJose()
    await compactVerify(token, imported, { algorithms: [algorithm] })
    return true
  } catch {
    // Whatever jose objects to, this key does not vouch for the token; what it says may quote the token.
    return false
  }
}

/**
 * Node's own functions, which cost half of what the way through WebCrypto does; on this thread while there is time
 * for it, else in the thread pool. An algorithm they are not used for goes to jose.
 */
export const checkWithNode: SignatureCheck = (token, algorithm, key) => {
  const native = NATIVE.get(algorithm)
  if (native === undefined) return checkWithJose(token, algorithm, key)
  const keyObject = key.keyObject()
  if (keyObject === undefined) return undefined
  const signed: Signed = { token, border: token.lastIndexOf('.'), native, keyObject }
  if (!pace.mayStayHere()) return pace.elsewhere(() => holdsInPool(signed))
  const started = performance.now()
  const isGood = holds(signed)
  pace.spent(performance.now() - started)
  return isGood
}

/** One event loop, one thread pool: one pace for every verifier of the process. */
const pace = new Pace()

/** What a check needs: the token, where its signature begins, and the key in use. */
interface Signed {
  readonly token: string
  readonly border: number
  readonly native: NativeAlgorithm
  readonly keyObject: KeyObject
}

function holds({ token, border, native: { digest, options }, keyObject }: Signed): boolean {
  try {
    if (digest === null) return verify(null, ...inputOf(token, border, keyObject, options))
    // Takes texts as they are, and is a little faster than the function that takes everything at once.
    return createVerify(digest)
      .update(token.slice(0, border), 'latin1')
      .verify({ key: keyObject, ...options }, token.slice(border + 1), 'base64url')
  } catch {
    return false
  }
}

function holdsInPool({ token, border, native: { digest, options }, keyObject }: Signed): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      verify(digest, ...inputOf(token, border, keyObject, options), (error, isGood) => {
        resolve(error === null && isGood)
      })
    } catch {
      resolve(false)
    }
  })
}

function inputOf(
  token: string,
  border: number,
  key: KeyObject,
  options: SigningOptions,
): [data: Buffer, key: SigningOptions & { key: KeyObject }, signature: Buffer] {
  const data = Buffer.from(token.slice(0, border), 'latin1')
  return [data, { key, ...options }, Buffer.from(token.slice(border + 1), 'base64url')]
}
