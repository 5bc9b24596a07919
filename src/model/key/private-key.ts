import { createPrivateKey, KeyObject, type JsonWebKey, type webcrypto } from 'node:crypto'
import { types } from 'node:util'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord, ownMember, string } from '../../util/members.js'
import { algorithmsOfKey, EC_ALGORITHMS, ED25519_ALGORITHMS, RSA_ALGORITHMS } from './algorithms.js'

/**
 * A private key that this process cannot read, such as one in a key management service. It signs the assertions of the
 * client.
 */
export interface AssertionSigner {
  /** Signature algorithm (JWS `alg`): RS256 to RS512, PS256 to PS512, ES256, ES384, ES512, EdDSA or Ed25519. */
  readonly alg: string
  /** Id of the key at the issuer (JWS `kid`). */
  readonly kid?: string
  /**
   * Signs the data. An ECDSA signature may be in the form of JWS (RFC 7518 section 3.4) or in DER, as key management
   * services return it.
   */
  readonly sign: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/**
 * A private key: PEM (PKCS #8, PKCS #1 or SEC1, unencrypted) as a string or its bytes, a JWK, a Node `KeyObject`, a
 * `CryptoKey`, or an {@link AssertionSigner}.
 */
export type PrivateKeyValue =
  | string
  | Uint8Array
  | JsonWebKey
  | KeyObject
  | webcrypto.CryptoKey
  | AssertionSigner

/** A {@link PrivateKeyValue}, a promise of one, or a function that returns either. */
export type PrivateKey =
  | PrivateKeyValue
  | Promise<PrivateKeyValue>
  | (() => PrivateKeyValue | Promise<PrivateKeyValue>)

/** A private key with its algorithm and key id. */
export interface SigningKey {
  readonly key: KeyObject | AssertionSigner
  readonly algorithm: string
  readonly keyId: string | undefined
}

/** Options that choose the algorithm and the key id. */
export interface RequestedKey {
  readonly algorithm: string | undefined
  readonly keyId: string | undefined
}

const SMALLEST_MODULUS_BITS = 2048
const SUPPORTED_KEYS = `an RSA key of at least ${SMALLEST_MODULUS_BITS} bits, an EC key (P-256, P-384, P-521) or an Ed25519 key`

/**
 * Reads a private key and chooses its algorithm: the requested one, otherwise the `alg` of the JWK or the algorithm of the
 * `CryptoKey`, otherwise the default of the key type.
 *
 * @throws ConfigurationError that never quotes the key.
 */
export function readPrivateKey(where: string, value: unknown, requested: RequestedKey): SigningKey {
  const option = `${where}.privateKey`
  if (isSigner(value)) return readSigner(where, value, requested)
  const key = importKey(option, value)
  const jwk = isRecord(value) && !(value instanceof KeyObject) && !isCryptoKey(value) ? value : {}
  const algorithms = algorithmsOf(key)
  const [defaultAlgorithm] = algorithms
  if (defaultAlgorithm === undefined) {
    throw new ConfigurationError(option, `is ${kindOf(key)}, but must be ${SUPPORTED_KEYS}`)
  }
  const algorithm = requested.algorithm ?? string(jwk, 'alg') ?? rsaAlgorithmOf(value) ?? defaultAlgorithm
  if (!algorithms.includes(algorithm)) {
    throw new ConfigurationError(
      `${where}.algorithm`,
      `must be an algorithm of this key: ${algorithms.join(', ')}`,
    )
  }
  const keyId = requested.keyId ?? string(jwk, 'kid')
  return { key, algorithm, keyId }
}

function importKey(option: string, value: unknown): KeyObject {
  try {
    const key = isCryptoKey(value) ? KeyObject.from(value) : value
    if (key instanceof KeyObject) {
      if (key.type === 'private') return key === value ? copyOf(key) : key
      throw new ConfigurationError(option, `must be a private key, not a ${key.type} key`)
    }
    if (typeof value === 'string' || value instanceof Uint8Array) return importPem(option, value)
    if (isRecord(value)) return importJwk(option, value)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    // The OpenSSL error is omitted. It does not help, and it may quote the key.
  }
  throw new ConfigurationError(
    option,
    'must be a private key: unencrypted PEM, a JWK, a KeyObject, a CryptoKey, or { alg, kid?, sign }',
  )
}

/**
 * Returns a key with a lock of its own. One by `generateKeyPairSync` shares its lock with an object that generated it, and if
 * that is collected while Node 20 reads the details of the key, the thread waits for itself forever.
 */
function copyOf(key: KeyObject): KeyObject {
  const der = key.export({ format: 'der', type: 'pkcs8' })
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

/** Environment variables and JSON files often contain a PEM whose line breaks are the two characters `\n`. */
function importPem(option: string, value: string | Uint8Array): KeyObject {
  const pem = typeof value === 'string' ? value : Buffer.from(value).toString('latin1')
  if (/\\r?\\?n/.test(pem)) {
    throw new ConfigurationError(
      option,
      "contains escaped line breaks (a backslash and n). Convert them with key.replaceAll('\\\\n', '\\n')",
    )
  }
  if (/^-----BEGIN [^\n]{100,}/.test(pem)) {
    throw new ConfigurationError(option, 'has no line breaks. Keep the lines of the PEM file')
  }
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw new ConfigurationError(
      option,
      'is encrypted. Decrypt it with createPrivateKey({ key, passphrase }) of node:crypto',
    )
  }
  return createPrivateKey(pem)
}

function importJwk(option: string, jwk: Readonly<Record<string, unknown>>): KeyObject {
  const type = ownMember(jwk, 'kty')
  if (typeof type === 'string' && !['RSA', 'EC', 'OKP'].includes(type)) {
    throw new ConfigurationError(
      option,
      `has a kty that is not RSA, EC or OKP, but must be ${SUPPORTED_KEYS}`,
    )
  }
  return createPrivateKey({ key: { ...jwk }, format: 'jwk' })
}

function kindOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  if (type === 'rsa') return `an RSA key of ${details?.modulusLength ?? 0} bits`
  return type === 'ec'
    ? `an EC key on ${details?.namedCurve ?? 'an unknown curve'}`
    : `a key of type ${String(type)}`
}

function isSigner(value: unknown): value is AssertionSigner {
  return isRecord(value) && typeof ownMember(value, 'sign') === 'function'
}

const SIGNER_ALGORITHMS: readonly string[] = [...RSA_ALGORITHMS, ...EC_ALGORITHMS, ...ED25519_ALGORITHMS]

function readSigner(where: string, signer: AssertionSigner, requested: RequestedKey): SigningKey {
  const { alg: algorithm, kid } = signer
  if (!SIGNER_ALGORITHMS.includes(algorithm)) {
    throw new ConfigurationError(`${where}.privateKey.alg`, `must be one of ${SIGNER_ALGORITHMS.join(', ')}`)
  }
  if (requested.algorithm !== undefined && requested.algorithm !== algorithm) {
    throw new ConfigurationError(`${where}.algorithm`, `must be ${algorithm}, as in privateKey. Leave it out`)
  }
  return { key: signer, algorithm, keyId: requested.keyId ?? kid }
}

function isCryptoKey(value: unknown): value is webcrypto.CryptoKey {
  return types.isCryptoKey(value)
}

/** Returns the algorithm that a `CryptoKey` of an RSA key was created for. */
function rsaAlgorithmOf(value: unknown): string | undefined {
  if (!isCryptoKey(value)) return undefined
  const { name, hash } = value.algorithm as {
    readonly name: string
    readonly hash?: { readonly name: string }
  }
  const bits = hash?.name.replace('SHA-', '')
  if (bits === undefined) return undefined
  return name === 'RSA-PSS' ? `PS${bits}` : `RS${bits}`
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  const isWeak = type === 'rsa' && (details.modulusLength ?? 0) < SMALLEST_MODULUS_BITS
  return isWeak ? [] : algorithmsOfKey(key)
}
