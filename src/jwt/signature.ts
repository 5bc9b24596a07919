import { constants, createVerify, verify, type KeyObject, type SigningOptions } from 'node:crypto'
import type { Awaitable } from '../util/awaitable.js'
import { explain } from '../model/detail/explain.js'
import { Refusal, type OrRefusal, isRefusal } from '../model/refusal/refusal.js'
import { toDer } from './ecdsa-der.js'
import { loadJose } from '../util/load-jose.js'
import type { VerificationKey } from '../model/key/verification-key.js'
import { SignatureScheduler, type QueuedSignature } from './signature-scheduler.js'

/**
 * Verifies the signature of a compact JWS with one key and one algorithm (RFC 7515 section 5.2). Synchronous if the
 * signature was verified on this thread.
 *
 * The caller has checked that the token has the form of a compact JWS, that its `alg` is the algorithm, and that the
 * key is for that algorithm.
 *
 * @returns whether the signature is valid; `undefined` if the platform does not support the key; refusal
 *   `issuer_unavailable` if jose is needed and cannot be loaded; refusal `issuer_overloaded` if too many signatures wait
 *   for the thread pool.
 */
export type SignatureVerifier = (
  token: string,
  algorithm: string,
  key: VerificationKey,
) => Awaitable<OrRefusal<boolean | undefined>>

/**
 * Parameters of an algorithm for `node:crypto`. Every property is set, because otherwise a polluted prototype could
 * supply it.
 */
interface NativeAlgorithm {
  /** `null` if the algorithm includes its digest. */
  readonly digest: string | null
  readonly padding: SigningOptions | undefined
  /** Bytes of each of the two integers of an ECDSA signature (RFC 7518 section 3.4). */
  readonly numberSize: number | undefined
  /** Measured CPU time of a verification, in verifications with a P-256 key. RSA: with a key of 2048 bits. */
  readonly cost: number
}

// PKCS #1 padding is the default of RSA keys and is not passed. Parameters need an object around the key, and reading the
// key from it costs Node 24 half as much as the signature.
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

const algorithm = (
  digest: string | null,
  padding: SigningOptions | undefined,
  numberSize: number | undefined,
  cost = 1,
): NativeAlgorithm => ({ digest, padding, numberSize, cost })

const NATIVE = new Map<string, NativeAlgorithm>([
  ['RS256', algorithm('sha256', undefined, undefined)],
  ['RS384', algorithm('sha384', undefined, undefined)],
  ['RS512', algorithm('sha512', undefined, undefined)],
  ['PS256', algorithm('sha256', PSS, undefined)],
  ['PS384', algorithm('sha384', PSS, undefined)],
  ['PS512', algorithm('sha512', PSS, undefined)],
  ['ES256', algorithm('sha256', undefined, 32)],
  ['ES384', algorithm('sha384', undefined, 48, 8)],
  ['ES512', algorithm('sha512', undefined, 66, 24)],
  ['EdDSA', algorithm(null, undefined, undefined)],
  ['Ed25519', algorithm(null, undefined, undefined)],
])

/** Verifies with jose, the reference. It uses WebCrypto, which runs in the thread pool. */
export const verifyWithJose: SignatureVerifier = (token, algorithm, key) => {
  const native = NATIVE.get(algorithm)
  const cost = native === undefined ? OTHER_COST : costOf(native, key.keyObject())
  const queued = { cost, characters: token.length }
  return scheduler.dispatch(queued) ?? verifyInPoolWithJose(token, algorithm, key, queued)
}

async function verifyInPoolWithJose(
  token: string,
  algorithm: string,
  key: VerificationKey,
  queued: QueuedSignature,
): Promise<OrRefusal<boolean | undefined>> {
  try {
    const jose = await loadJose().catch(refuseUnavailable)
    if (isRefusal(jose)) return jose
    const imported = await key.import(algorithm).catch(() => undefined)
    if (imported === undefined) return undefined
    await jose.compactVerify(token, imported, { algorithms: [algorithm] })
    return true
  } catch {
    // The error is dropped, because its message may quote the token.
    return false
  } finally {
    scheduler.recordCompleted(queued)
  }
}

/** If jose cannot be loaded, the token was not checked: respond 503, not 401. */
function refuseUnavailable(cause: unknown): Refusal {
  return new Refusal('issuer_unavailable', { cause, detail: explain('issuer_unavailable', 'jose', {}) })
}

/**
 * Verifies with `node:crypto`, which costs half as much as WebCrypto. It runs on this thread within the budget of
 * {@link SignatureScheduler}, otherwise in the thread pool. Other algorithms are verified with jose.
 */
export const verifyWithNode: SignatureVerifier = (token, algorithm, key) => {
  const native = NATIVE.get(algorithm)
  if (native === undefined) return verifyWithJose(token, algorithm, key)
  const keyObject = key.keyObject()
  if (keyObject === undefined) return undefined
  const signed: SignedToken = {
    token,
    signatureDot: token.indexOf('.', token.indexOf('.') + 1),
    native,
    keyObject,
  }
  if (!scheduler.shouldRunInline(key.isQuick)) {
    const queued = { cost: costOf(native, keyObject), characters: token.length }
    return scheduler.dispatch(queued) ?? verifyInPool(signed, queued)
  }
  const startedAt = performance.now()
  const isValid = verifyInline(signed)
  scheduler.recordInline(performance.now() - startedAt, key.isQuick)
  return isValid
}

/** One scheduler for all verifiers, because a process has one event loop and one thread pool. */
const scheduler = new SignatureScheduler()

/** CPU time of an algorithm that is verified with jose only, such as ML-DSA-87. */
const OTHER_COST = 4

/** Ratio of the duration of an RSA verification with an exponent as long as the modulus to one with 65537. */
const LONG_EXPONENT_FACTOR = 200

/**
 * Estimates the CPU time of a verification, in verifications with a P-256 key. RSA: quadratic in the length of the
 * key.
 */
function costOf(native: NativeAlgorithm, keyObject: KeyObject | undefined): number {
  const { modulusLength, publicExponent = 0n } = keyObject?.asymmetricKeyDetails ?? {}
  if (modulusLength === undefined) return native.cost
  const cost = Math.ceil((modulusLength / 2048) ** 2)
  return publicExponent > 0xffff_ffffn ? cost * LONG_EXPONENT_FACTOR : cost
}

/** Token with the algorithm and the key that verify it. */
interface SignedToken {
  readonly token: string
  /** Index of the dot before the signature. */
  readonly signatureDot: number
  readonly native: NativeAlgorithm
  readonly keyObject: KeyObject
}

function verifyInline(signed: SignedToken): boolean {
  const { digest, numberSize } = signed.native
  try {
    if (digest === null) {
      const { data, key, signature } = partsOf(signed)
      return signature !== undefined && verify(null, data, key, signature)
    }
    // `createVerify` accepts strings without a copy and is a little faster than `verify`.
    const verifier = createVerify(digest).update(inputOf(signed), 'latin1')
    if (numberSize === undefined)
      return verifier.verify(keyOf(signed), signed.token.slice(signed.signatureDot + 1), 'base64url')
    const signature = signatureOf(signed)
    return signature !== undefined && verifier.verify(keyOf(signed), signature)
  } catch {
    return false
  }
}

function verifyInPool(signed: SignedToken, queued: QueuedSignature): Promise<boolean> {
  return new Promise((resolve) => {
    const { data, key, signature } = partsOf(signed)
    const complete = (isValid: boolean): void => {
      scheduler.recordCompleted(queued)
      resolve(isValid)
    }
    if (signature === undefined) {
      complete(false)
      return
    }
    try {
      verify(signed.native.digest, data, key, signature, (error, isValid) => {
        complete(error === null && isValid)
      })
    } catch {
      complete(false)
    }
  })
}

interface Parts {
  readonly data: Buffer
  readonly key: KeyObject | (SigningOptions & { readonly key: KeyObject })
  readonly signature: Buffer | undefined
}

function partsOf(signed: SignedToken): Parts {
  return {
    data: Buffer.from(inputOf(signed), 'latin1'),
    key: keyOf(signed),
    signature: signatureOf(signed),
  }
}

/** The JWS Signing Input (RFC 7515 section 2). */
function inputOf({ token, signatureDot }: SignedToken): string {
  return token.slice(0, signatureDot)
}

function keyOf({ native: { padding }, keyObject }: SignedToken): Parts['key'] {
  return padding === undefined ? keyObject : { ...padding, key: keyObject }
}

/** Decodes the signature. Returns `undefined` if its length is impossible for the algorithm. */
function signatureOf({ token, signatureDot, native: { numberSize } }: SignedToken): Buffer | undefined {
  const signature = Buffer.from(token.slice(signatureDot + 1), 'base64url')
  return numberSize === undefined ? signature : toDer(signature, numberSize)
}
