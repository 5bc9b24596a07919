import { createPublicKey, type KeyObject } from 'node:crypto'
import type { CryptoKey, JWK } from 'jose'
import { isRecord } from '../util/members.js'
import {
  algorithmsOfCurve,
  EC_ALGORITHMS,
  ED25519_ALGORITHMS,
  RSA_ALGORITHMS,
} from '../model/key/algorithms.js'
import { loadJose } from '../util/load-jose.js'
import type { VerificationKey } from '../model/key/verification-key.js'

const ML_DSA_ALGORITHMS = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']

/** All asymmetric algorithms that jose verifies. `HS*` and `none` are absent, so they cannot be configured. */
export const ASYMMETRIC_ALGORITHMS: readonly string[] = Object.freeze([
  ...RSA_ALGORITHMS,
  ...EC_ALGORITHMS,
  ...ED25519_ALGORITHMS,
  ...ML_DSA_ALGORITHMS,
])

/** JWK members that only private and symmetric keys have (RFC 7518 section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** JWK members of a public key, per key type. Only these are passed to the key import. */
const PUBLIC_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['kty', 'n', 'e'],
  EC: ['kty', 'crv', 'x', 'y'],
  OKP: ['kty', 'crv', 'x'],
  AKP: ['kty', 'alg', 'pub'],
}

/** The `use` of signature keys in SPIFFE bundles (SPIFFE Trust Domain and Bundle section 4.2.2). */
const JWT_SVID = 'jwt-svid'

/** Maximum length of a key id, in characters. A key with a longer id is not used. */
export const LONGEST_KID = 512

/**
 * Reads one entry of a key set (RFC 7517).
 *
 * @returns `undefined` for an entry that must not or cannot verify signatures: a private, symmetric or weak key, a key for
 * encryption, or a key of an unknown type. Such an entry is skipped, and the rest of the set is used.
 */
export function readJwk(entry: unknown): VerificationKey | undefined {
  const read = readEntry(entry)
  return 'problem' in read ? undefined : read.key
}

/** Returns why {@link readJwk} does not use an entry of a key set; `undefined` if it uses it. */
export function findKeyProblem(entry: unknown): string | undefined {
  const read = readEntry(entry)
  return 'problem' in read ? read.problem : undefined
}

function readEntry(entry: unknown): { readonly key: VerificationKey } | { readonly problem: string } {
  if (!isRecord(entry)) return { problem: 'it is not an object' }
  const jwk = Object.assign(Object.create(null) as Record<string, unknown>, entry)
  const { kid, use, key_ops: operations } = jwk
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > LONGEST_KID))
    return { problem: `its kid is not a string of at most ${LONGEST_KID} characters` }
  if (use !== undefined && use !== 'sig' && use !== JWT_SVID) return { problem: 'its use is not sig' }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return { problem: 'its key_ops does not contain verify' }
  if (SECRET_MEMBERS.some((member) => jwk[member] !== undefined))
    return { problem: 'it contains members of a private or symmetric key' }
  const algorithms = algorithmsOf(jwk)
  if (algorithms.length === 0) return { problem: 'its kty, crv or alg is not supported' }
  const material = publicMembers(jwk)
  if (material === undefined) return { problem: 'a member that its kty requires is absent' }
  if (isWeak(jwk)) return { problem: 'it is too weak, or too large' }
  return { key: createVerificationKey(kid, algorithms, material, isQuick(jwk), issuerOf(jwk)) }
}

function createVerificationKey(
  kid: string | undefined,
  algorithms: readonly string[],
  material: JWK,
  isQuickKey: boolean,
  issuer: string | undefined,
): VerificationKey {
  const imported = new Map<string, Promise<CryptoKey>>()
  let keyObject: { readonly key: KeyObject | undefined } | undefined
  return {
    kid,
    algorithms,
    issuer,
    identity: JSON.stringify([kid, algorithms, material, issuer]),
    isQuick: isQuickKey,
    withdrawn: false,
    keyObject() {
      keyObject ??= { key: createKeyObject(material) }
      return keyObject.key
    },
    import(algorithm) {
      let key = imported.get(algorithm)
      if (key === undefined) {
        key = importKey(material, algorithm)
        imported.set(algorithm, key)
      }
      return key
    },
  }
}

/** Maximum length of the `issuer` of a key, in characters, because it stays in memory. */
const LONGEST_ISSUER = 2048

/** Reads the issuer of a key. An invalid one is replaced by a string that no issuer equals, so that it is not ignored. */
function issuerOf({ issuer }: Readonly<Record<string, unknown>>): string | undefined {
  if (issuer === undefined || issuer === null) return undefined
  return typeof issuer === 'string' && issuer.length <= LONGEST_ISSUER ? issuer : ''
}

async function importKey(material: JWK, algorithm: string): Promise<CryptoKey> {
  const { importJWK } = await loadJose()
  return (await importJWK(material, algorithm)) as CryptoKey
}

/**
 * Options that `crypto.verify` reads from a key object passed without an options object. They are own properties, so that
 * a polluted prototype cannot set them; `undefined` selects the default.
 */
const VERIFY_OPTIONS = {
  padding: undefined,
  saltLength: undefined,
  dsaEncoding: undefined,
  context: undefined,
}

function createKeyObject(material: JWK): KeyObject | undefined {
  try {
    return Object.assign(createPublicKey({ key: { ...material }, format: 'jwk' }), VERIFY_OPTIONS)
  } catch {
    return undefined
  }
}

/** Returns the algorithm that a key names, if it fits the key type, or all fitting algorithms if it names none. */
function algorithmsOf(jwk: Readonly<Record<string, unknown>>): readonly string[] {
  const fitting = fittingAlgorithms(jwk)
  const { alg } = jwk
  if (alg === undefined) return jwk['kty'] === 'AKP' ? [] : fitting
  if (typeof alg !== 'string' || !fitting.includes(alg)) return []
  // EdDSA and Ed25519 name the same algorithm (RFC 9864 section 2.2).
  return fitting === ED25519_ALGORITHMS ? fitting : [alg]
}

function fittingAlgorithms({ kty, crv }: Readonly<Record<string, unknown>>): readonly string[] {
  if (kty === 'RSA') return RSA_ALGORITHMS
  if (kty === 'OKP') return crv === 'Ed25519' ? ED25519_ALGORITHMS : []
  if (kty === 'AKP') return ML_DSA_ALGORITHMS
  return kty === 'EC' ? algorithmsOfCurve(crv) : []
}

function publicMembers(jwk: Readonly<Record<string, unknown>>): JWK | undefined {
  const { kty } = jwk
  // The document chooses `kty`: a name such as `constructor` must not find an inherited property.
  if (typeof kty !== 'string' || !Object.hasOwn(PUBLIC_MEMBERS, kty)) return undefined
  const names = PUBLIC_MEMBERS[kty] ?? []
  const members = names.map((name) => [name, jwk[name]] as const)
  return members.every(([, value]) => typeof value === 'string') ? Object.fromEntries(members) : undefined
}

const SMALLEST_MODULUS_BITS = 2048
const LARGEST_MODULUS_BITS = 16_384

const LARGEST_QUICK_MODULUS_BITS = 3072

/** The usual exponent is 65537. An exponent as long as the modulus makes verifying about 200 times slower. */
const LARGEST_QUICK_EXPONENT_BITS = 32

/** Measured: for longer RSA keys and for curves, verifying costs more than dispatching to another thread. */
function isQuick(jwk: Readonly<Record<string, unknown>>): boolean {
  return (
    jwk['kty'] === 'RSA' &&
    bitLength(bytesOf(jwk['n'])) <= LARGEST_QUICK_MODULUS_BITS &&
    bitLength(bytesOf(jwk['e'])) <= LARGEST_QUICK_EXPONENT_BITS
  )
}

/**
 * Whether an attacker could forge signatures for a key, or make verifying expensive.
 *
 * - An RSA exponent of 1 makes every message its own signature. An even exponent has no inverse (RFC 8017 section 3.1).
 * - A short modulus can be factored (RFC 7518 section 3.3).
 * - An Ed25519 point of small order accepts a constant signature.
 */
function isWeak(jwk: Readonly<Record<string, unknown>>): boolean {
  if (jwk['kty'] === 'RSA') {
    const modulusBits = bitLength(bytesOf(jwk['n']))
    const exponent = bytesOf(jwk['e'])
    const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1
    return (
      modulusBits < SMALLEST_MODULUS_BITS ||
      modulusBits > LARGEST_MODULUS_BITS ||
      !isOdd ||
      bitLength(exponent) < 2
    )
  }
  return jwk['kty'] === 'OKP' && hasSmallOrder(bytesOf(jwk['x']))
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64url')
}

function bitLength(bytes: Buffer): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  if (first === -1) return 0
  return (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
}

/** y coordinates (little-endian hex, sign bit cleared) of all encodings of points of order 1, 2, 4 or 8. */
const SMALL_ORDER_Y = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

function hasSmallOrder(point: Buffer): boolean {
  const y = Buffer.from(point)
  if (y.length !== 32) return true
  y[31] = (y[31] ?? 0) & 0x7f
  return SMALL_ORDER_Y.has(y.toString('hex'))
}
