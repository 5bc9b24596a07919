import { createPrivateKey, KeyObject, type JsonWebKey, type webcrypto } from 'node:crypto'
import { types } from 'node:util'
import { ConfigurationError } from '../options/configuration-error.js'
import { isRecord, string } from '../util/members.js'
import { algorithmsOfKey } from './algorithms.js'

/** A private key: PEM (PKCS #8, PKCS #1 or SEC1, unencrypted), a JWK, a Node `KeyObject` or a `CryptoKey`. */
export type PrivateKeyValue = string | JsonWebKey | KeyObject | webcrypto.CryptoKey

/** A {@link PrivateKeyValue}, a promise of one, or a function that returns either. */
export type PrivateKey =
  PrivateKeyValue | Promise<PrivateKeyValue> | (() => PrivateKeyValue | Promise<PrivateKeyValue>)

/** A private key with its algorithm and key id. */
export interface SigningKey {
  readonly key: KeyObject
  readonly algorithm: string
  readonly keyId: string | undefined
}

const SMALLEST_MODULUS_BITS = 2048

/**
 * Reads a private key and chooses its algorithm: the requested one, otherwise the `alg` of the JWK or the algorithm of the
 * `CryptoKey`, otherwise the default of the key type.
 *
 * @throws ConfigurationError that never quotes the key.
 */
export function readPrivateKey(
  where: string,
  value: unknown,
  requested: { readonly algorithm: string | undefined; readonly keyId: string | undefined },
): SigningKey {
  const option = `${where}.privateKey`
  const key = importKey(option, value)
  const jwk = isRecord(value) && !(value instanceof KeyObject) && !isCryptoKey(value) ? value : {}
  const algorithms = algorithmsOf(key)
  const [defaultAlgorithm] = algorithms
  if (defaultAlgorithm === undefined) {
    throw new ConfigurationError(
      option,
      `must be an RSA key of at least ${SMALLEST_MODULUS_BITS} bits, an EC key (P-256, P-384, P-521) or an Ed25519 key`,
    )
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
      if (key.type === 'private') return key
      throw new ConfigurationError(option, `must be a private key, not a ${key.type} key`)
    }
    if (typeof value === 'string') return createPrivateKey(value)
    if (isRecord(value)) return createPrivateKey({ key: { ...value }, format: 'jwk' })
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    // The OpenSSL error is omitted. It does not help, and it may quote the key.
  }
  throw new ConfigurationError(option, `must be a private key: ${unusableKeyProblem(value)}`)
}

/** Says what is wrong with a value that is not a private key, without quoting it. */
function unusableKeyProblem(value: unknown): string {
  const forms = 'unencrypted PEM, a JWK, a KeyObject or a CryptoKey'
  if (value instanceof Uint8Array) return `a Buffer is not one. Pass PEM as a string: buffer.toString('utf8')`
  if (typeof value !== 'string') return forms
  if (/\\[rn]/.test(value)) {
    return "the PEM contains \\n in place of line breaks. Replace them: pem.replaceAll('\\\\n', '\\n')"
  }
  if (value.includes('ENCRYPTED'))
    return 'the PEM is encrypted. Decrypt it, or pass a KeyObject of createPrivateKey'
  if (/-----BEGIN [A-Z ]*PUBLIC KEY-----/.test(value)) return 'the PEM contains a public key'
  if (value.includes('-----BEGIN CERTIFICATE-----'))
    return 'the PEM contains a certificate, not its private key'
  if (!value.includes('-----BEGIN'))
    return `a string must be PEM, which begins with -----BEGIN PRIVATE KEY-----`
  return forms
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
