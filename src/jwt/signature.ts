import { constants, createVerify, verify, type KeyObject, type SigningOptions } from 'node:crypto'
import type { Awaitable } from '../util/awaitable.js'
import { Refusal, type OrRefusal, isRefusal } from '../model/refusal.js'
import { toDer } from './ecdsa-der.js'
import { loadJose } from '../util/load-jose.js'
import type { VerificationKey } from '../model/verification-key.js'
import { SignatureScheduler, type QueuedSignature } from './signature-scheduler.js'

/**
 * Whether a key verifies the signature of a compact JWS (RFC 7515 section 5.2) under one algorithm; `undefined` if the
 * key cannot be used on this platform, refusal `issuer_unavailable` if jose is needed and cannot be loaded, refusal
 * `issuer_overloaded` if too many signatures wait for the thread pool. Immediate if the signature was verified on this
 * thread.
 *
 * The caller has checked that the token has the form of a compact JWS, that its `alg` is the algorithm, and that the
 * key is for that algorithm.
 */
export type SignatureVerifier = (
  token: string,
  algorithm: string,
  key: VerificationKey,
) => Awaitable<OrRefusal<boolean | undefined>>

/**
 * How Node's own functions are told of an algorithm: the digest, and what has to be said beside the key. Nothing is left
 * out, or what a polluted prototype says of it would be believed.
 */
interface NativeAlgorithm {
  /** `null` where the algorithm has one of its own. */
  readonly digest: string | null
  readonly padding: SigningOptions | undefined
  /** Bytes of each of the two numbers that an ECDSA signature is (RFC 7518 section 3.4). */
  readonly numberSize: number | undefined
  /** CPU time of a verification, in verifications with a P-256 key: measured. RSA: with a key of 2048 bits. */
  readonly cost: number
}

// PKCS #1 is what an RSA key is used with unless anything else is said. Whatever is said goes into an object around the
// key, and to find the key in it costs Node 24 half as much as the signature: nothing is said without need.
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

/** The reference: jose, through WebCrypto, which uses the thread pool. */
export const verifyWithJose: SignatureVerifier = (token, algorithm, key) => {
  const native = NATIVE.get(algorithm)
  const cost = native === undefined ? OTHER_COST : costOf(native, key.keyObject())
  const queued = { cost, characters: token.length }
  return scheduler.dispatch(queued) ?? inPoolByJose(token, algorithm, key, queued)
}

async function inPoolByJose(
  token: string,
  algorithm: string,
  key: VerificationKey,
  queued: QueuedSignature,
): Promise<OrRefusal<boolean | undefined>> {
  try {
    const jose = await loadJose().catch(unavailable)
    if (isRefusal(jose)) return jose
    const imported = await key.import(algorithm).catch(() => undefined)
    if (imported === undefined) return undefined
    await jose.compactVerify(token, imported, { algorithms: [algorithm] })
    return true
  } catch {
    // Whatever jose objects to, this key does not vouch for the token; what it says may quote the token.
    return false
  } finally {
    scheduler.completed(queued)
  }
}

/** If jose cannot be loaded the token was not checked: respond 503, not 401. */
function unavailable(cause: unknown): Refusal {
  return new Refusal('issuer_unavailable', { cause })
}

/**
 * Node's own functions, which cost half of what the way through WebCrypto does; on this thread while there is time
 * for it, else in the thread pool. An algorithm they are not used for goes to jose.
 */
export const verifyWithNode: SignatureVerifier = (token, algorithm, key) => {
  const native = NATIVE.get(algorithm)
  if (native === undefined) return verifyWithJose(token, algorithm, key)
  const keyObject = key.keyObject()
  if (keyObject === undefined) return undefined
  const signed: Signed = { token, border: token.indexOf('.', token.indexOf('.') + 1), native, keyObject }
  if (!scheduler.shouldRunInline(key.isQuick)) {
    const queued = { cost: costOf(native, keyObject), characters: token.length }
    return scheduler.dispatch(queued) ?? holdsInPool(signed, queued)
  }
  const started = performance.now()
  const isGood = holds(signed)
  scheduler.recordInline(performance.now() - started, key.isQuick)
  return isGood
}

/** One event loop, one thread pool: one pace for every verifier of the process. */
const scheduler = new SignatureScheduler()

/** CPU time of an algorithm that Node's own functions are not used for, such as ML-DSA-87. */
const OTHER_COST = 4

/** How much longer an RSA verification takes with an exponent as long as the modulus than with 65537. */
const LONG_EXPONENT_FACTOR = 200

/** CPU time of a verification, in verifications with a P-256 key. With RSA it grows with the square of the key's length. */
function costOf(native: NativeAlgorithm, keyObject: KeyObject | undefined): number {
  const { modulusLength, publicExponent = 0n } = keyObject?.asymmetricKeyDetails ?? {}
  if (modulusLength === undefined) return native.cost
  const cost = Math.ceil((modulusLength / 2048) ** 2)
  return publicExponent > 0xffff_ffffn ? cost * LONG_EXPONENT_FACTOR : cost
}

/** What a check needs: the token, where its signature begins, and the key in use. */
interface Signed {
  readonly token: string
  readonly border: number
  readonly native: NativeAlgorithm
  readonly keyObject: KeyObject
}

function holds(signed: Signed): boolean {
  const { digest, numberSize } = signed.native
  try {
    if (digest === null) {
      const { data, key, signature } = partsOf(signed)
      return signature !== undefined && verify(null, data, key, signature)
    }
    // Takes texts as they are, and is a little faster than the function that takes everything at once.
    const verifier = createVerify(digest).update(inputOf(signed), 'latin1')
    if (numberSize === undefined)
      return verifier.verify(keyOf(signed), signed.token.slice(signed.border + 1), 'base64url')
    const signature = signatureOf(signed)
    return signature !== undefined && verifier.verify(keyOf(signed), signature)
  } catch {
    return false
  }
}

function holdsInPool(signed: Signed, queued: QueuedSignature): Promise<boolean> {
  return new Promise((resolve) => {
    const { data, key, signature } = partsOf(signed)
    const answer = (isGood: boolean): void => {
      scheduler.completed(queued)
      resolve(isGood)
    }
    if (signature === undefined) {
      answer(false)
      return
    }
    try {
      verify(signed.native.digest, data, key, signature, (error, isGood) => {
        answer(error === null && isGood)
      })
    } catch {
      answer(false)
    }
  })
}

interface Parts {
  readonly data: Buffer
  readonly key: KeyObject | (SigningOptions & { readonly key: KeyObject })
  readonly signature: Buffer | undefined
}

function partsOf(signed: Signed): Parts {
  return {
    data: Buffer.from(inputOf(signed), 'latin1'),
    key: keyOf(signed),
    signature: signatureOf(signed),
  }
}

function inputOf({ token, border }: Signed): string {
  return token.slice(0, border)
}

function keyOf({ native: { padding }, keyObject }: Signed): Parts['key'] {
  return padding === undefined ? keyObject : { ...padding, key: keyObject }
}

/** Undefined for one that no key of the algorithm can have made. */
function signatureOf({ token, border, native: { numberSize } }: Signed): Buffer | undefined {
  const signature = Buffer.from(token.slice(border + 1), 'base64url')
  return numberSize === undefined ? signature : toDer(signature, numberSize)
}
