import { createPrivateKey, KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { ConfigurationError } from '../../options/configuration-error.js'
import { algorithmsOfKey } from '../../model/algorithms.js'
import { isRecord, string } from '../../util/members.js'

/** A private key: PEM (PKCS #8, or PKCS #1 and SEC1), a JWK, or Node's own `KeyObject`. */
export type PrivateKeyValue = string | JWK | KeyObject

/** A {@link PrivateKeyValue}, a promise of one, or a function that gives one of these and is called for every token request. */
export type PrivateKey =
  PrivateKeyValue | Promise<PrivateKeyValue> | (() => PrivateKeyValue | Promise<PrivateKeyValue>)

/** A key that can sign, and what was said of it. */
export interface SigningKey {
  readonly key: KeyObject
  readonly algorithm: string
  readonly keyId: string | undefined
}

const SMALLEST_MODULUS_BITS = 2048

/**
 * Reads a private key, with the algorithm it signs with: the one asked for, the one the JWK names, or the usual
 * one of its type.
 *
 * @throws ConfigurationError that never quotes the key.
 */
export function readPrivateKey(
  where: string,
  value: unknown,
  keyOptions: { readonly algorithm: string | undefined; readonly keyId: string | undefined },
): SigningKey {
  const option = `${where}.privateKey`
  const key = importKey(option, value)
  const jwk = isRecord(value) && !(value instanceof KeyObject) ? value : {}
  const fitting = algorithmsOf(key)
  const [defaultAlgorithm] = fitting
  if (defaultAlgorithm === undefined) {
    throw new ConfigurationError(
      option,
      `must be an RSA key of at least ${SMALLEST_MODULUS_BITS} bits, an EC key (P-256, P-384, P-521) or an Ed25519 key`,
    )
  }
  const algorithm = keyOptions.algorithm ?? string(jwk, 'alg') ?? defaultAlgorithm
  if (!fitting.includes(algorithm)) {
    throw new ConfigurationError(
      `${where}.algorithm`,
      `must be one this key can sign with: ${fitting.join(', ')}`,
    )
  }
  const keyId = keyOptions.keyId ?? string(jwk, 'kid')
  return { key, algorithm, keyId }
}

function importKey(option: string, value: unknown): KeyObject {
  if (value instanceof KeyObject) {
    if (value.type !== 'private')
      throw new ConfigurationError(option, `must be private, not a ${value.type} key`)
    return value
  }
  try {
    if (typeof value === 'string') return createPrivateKey(value)
    if (isRecord(value)) return createPrivateKey({ key: { ...value }, format: 'jwk' })
  } catch {
    // What OpenSSL says of it helps nobody, and the key itself must not be quoted.
  }
  throw new ConfigurationError(option, 'must be a private key: unencrypted PEM, a JWK or a KeyObject')
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  const isWeak = type === 'rsa' && (details.modulusLength ?? 0) < SMALLEST_MODULUS_BITS
  return isWeak ? [] : algorithmsOfKey(key)
}
