import { createPublicKey } from 'node:crypto'
import { ConfigurationError } from '../options/configuration-error.js'
import { isRecord } from '../util/members.js'
import { readJwk } from './jwk.js'
import { hasUsableKey, readUsableKeys } from './jwks.js'

/** Reads a PEM public key or certificate. A private key is refused, because a resource server must not have one. */
export function readPem(option: string, pem: unknown): string {
  if (typeof pem !== 'string' || !pem.includes('-----BEGIN ')) {
    throw new ConfigurationError(option, 'must be a public key or certificate in PEM form')
  }
  if (pem.includes('PRIVATE KEY-----')) {
    throw new ConfigurationError(option, 'must not be a private key. Pass the public key')
  }
  if (readJwk(pemToJwk(option, pem)) === undefined) {
    throw new ConfigurationError(option, 'must be a key that can verify signatures (RSA: at least 2048 bits)')
  }
  return pem
}

/** Converts a PEM public key or certificate to a JWK. */
export function pemToJwk(option: string, pem: string): unknown {
  try {
    return createPublicKey(pem).export({ format: 'jwk' })
  } catch {
    throw new ConfigurationError(
      option,
      'must be a public key or certificate in PEM form; its content is invalid',
    )
  }
}

/** Reads a JWK Set from the configuration. At least one key must be usable. */
export function readStaticJwks(option: string, jwks: unknown): { readonly keys: readonly unknown[] } {
  const keys = isRecord(jwks) ? jwks['keys'] : undefined
  if (!Array.isArray(keys)) throw new ConfigurationError(option, 'must be a JWK Set: { keys: [...] }')
  if (!hasUsableKey(readUsableKeys(keys as readonly unknown[]))) {
    throw new ConfigurationError(
      option,
      'must contain at least one public key that can verify signatures (RSA: at least 2048 bits)',
    )
  }
  return { keys: keys as readonly unknown[] }
}
