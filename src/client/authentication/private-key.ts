import { createPrivateKey, KeyObject, type JsonWebKey } from 'node:crypto'
import { ConfigurationError } from '../../options/configuration-error.js'
import { algorithmsOfKey } from '../../model/algorithms.js'
import { isRecord, string } from '../../util/members.js'

/** A private key: PEM (PKCS #8, PKCS #1 or SEC1, unencrypted), a JWK, or a Node `KeyObject`. */
export type PrivateKeyValue = string | JsonWebKey | KeyObject

/**
 * A {@link PrivateKeyValue}, a promise of one, or a function that returns either and is called for every token
 * request.
 */
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
 * Reads a private key and chooses its algorithm: the requested one, otherwise the `alg` of the JWK, otherwise the
 * default of the key type.
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
  const jwk = isRecord(value) && !(value instanceof KeyObject) ? value : {}
  const algorithms = algorithmsOf(key)
  const [defaultAlgorithm] = algorithms
  if (defaultAlgorithm === undefined) {
    throw new ConfigurationError(
      option,
      `must be an RSA key of at least ${SMALLEST_MODULUS_BITS} bits, an EC key (P-256, P-384, P-521) or an Ed25519 key`,
    )
  }
  const algorithm = requested.algorithm ?? string(jwk, 'alg') ?? defaultAlgorithm
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
  if (value instanceof KeyObject) {
    if (value.type !== 'private')
      throw new ConfigurationError(option, `must be a private key, not a ${value.type} key`)
    return value
  }
  try {
    if (typeof value === 'string') return createPrivateKey(value)
    if (isRecord(value)) return createPrivateKey({ key: { ...value }, format: 'jwk' })
  } catch {
    // The OpenSSL error is omitted. It does not help, and it may quote the key.
  }
  throw new ConfigurationError(option, 'must be a private key: unencrypted PEM, a JWK or a KeyObject')
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  const isWeak = type === 'rsa' && (details.modulusLength ?? 0) < SMALLEST_MODULUS_BITS
  return isWeak ? [] : algorithmsOfKey(key)
}
