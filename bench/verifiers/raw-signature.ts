import { constants, createPublicKey, type KeyObject, type SigningOptions } from 'node:crypto'
import { toDer } from '../../src/jwt/ecdsa-der.js'
import type { Issuance } from '../support/tokens.js'

/** How Node is given a key, and with it a signature. */
export interface RawKey {
  readonly key: KeyObject | (SigningOptions & { readonly key: KeyObject })
  /** The last part of a compact JWS, in the form that goes with the key. */
  readonly signatureOf: (part: string) => Buffer
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
const OPTIONS: Readonly<Record<string, SigningOptions>> = {
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: PSS,
  ES256: { dsaEncoding: 'ieee-p1363' },
}

const decoded = (part: string): Buffer => Buffer.from(part, 'base64url')

/** As little as possible beside the key, as the library does it: whatever has to be said costs Node 24 time. */
export function keyAlone({ pem, algorithm }: Issuance): RawKey {
  const key = createPublicKey(pem)
  if (algorithm === 'PS256') return { key: { key, ...PSS }, signatureOf: decoded }
  if (algorithm !== 'ES256') return { key, signatureOf: decoded }
  return { key, signatureOf: (part) => toDer(decoded(part), 32) ?? Buffer.alloc(0) }
}

/** All that there is to say in an object around the key, as the documentation has it. */
export function keyWithOptions({ pem, algorithm }: Issuance): RawKey {
  return { key: { key: createPublicKey(pem), ...OPTIONS[algorithm] }, signatureOf: decoded }
}

/** Where the signature of a compact JWS begins. Not sought from the end: V8 goes character by character from there. */
export function borderOf(text: string): number {
  return text.indexOf('.', text.indexOf('.') + 1)
}
