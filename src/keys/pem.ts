import { createPublicKey } from 'node:crypto'
import { ConfigurationError } from '../options/configuration-error.js'
import { isRecord } from '../util/members.js'
import { readJwk } from './jwk.js'
import { hasUsableKey, usableKeys } from './jwks.js'

/** Reads a PEM public key or certificate. A private key is refused: this side has no use for one. */
export function readPem(option: string, pem: unknown): string {
  if (typeof pem !== 'string' || !pem.includes('-----BEGIN ')) {
    throw new ConfigurationError(option, 'must be a public key or certificate in PEM form')
  }
  if (pem.includes('PRIVATE KEY-----')) {
    throw new ConfigurationError(option, 'is a private key; give the public key')
  }
  if (readJwk(pemToJwk(option, pem)) === undefined) {
    throw new ConfigurationError(
      option,
      'is not a key that can verify signatures (RSA needs 2048 bits or more)',
    )
  }
  return pem
}

/** A PEM key as a JWK. */
export function pemToJwk(option: string, pem: string): unknown {
  try {
    return createPublicKey(pem).export({ format: 'jwk' })
  } catch {
    throw new ConfigurationError(option, 'cannot be read as a public key or certificate')
  }
}

/** Reads a static key set; at least one of its keys must be usable. */
export function readStaticJwks(option: string, jwks: unknown): { readonly keys: readonly unknown[] } {
  const keys = isRecord(jwks) ? jwks['keys'] : undefined
  if (!Array.isArray(keys)) throw new ConfigurationError(option, 'must be a JWK Set: { keys: [...] }')
  if (!hasUsableKey(usableKeys(keys as readonly unknown[]))) {
    throw new ConfigurationError(
      option,
      'has no public key that can verify signatures (RSA needs 2048 bits or more)',
    )
  }
  return { keys: keys as readonly unknown[] }
}
