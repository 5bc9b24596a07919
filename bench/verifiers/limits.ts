import { constants, createPublicKey, hash, verify, type KeyObject, type SigningOptions } from 'node:crypto'
import { toDer } from '../../src/jwt/ecdsa-der.js'
import type { Issuance } from '../support/tokens.js'
import type { Contender, Verify } from './contender.js'

const SCHEME = 'Bearer '.length

const limit = (name: string, make: Contender['make'], awaited = false): Contender => ({
  name,
  packages: [],
  awaited,
  isAccepted: (result) => result !== undefined && result !== false,
  make,
})

export function makeLookUp(): Verify {
  const known = new Map<string, object>()
  return ({ authorization }) => {
    const digest = hash('sha256', authorization.slice(SCHEME), 'base64url')
    let found = known.get(digest)
    if (found === undefined) {
      found = {}
      known.set(digest, found)
    }
    return found
  }
}

/** The minimum cost of a cache by digest, without validity, policy or bound. */
export const lookUp = limit('bare sha256 + Map.get', makeLookUp)

export const cachingLimits: readonly Contender[] = [
  lookUp,
  limit(
    'bare sha256 + Map.get, awaited',
    () => {
      const verify = makeLookUp()
      // oxlint-disable-next-line typescript/require-await -- the promise is what is measured
      return async (headers) => verify(headers)
    },
    true,
  ),
]

/** The signature alone, without reading header or claims. */
export const signatureLimit = limit('crypto.verify, signature alone', (issuance) => {
  const { key, signatureOf } = rawKeyOf(issuance)
  const digest = issuance.algorithm === 'EdDSA' ? null : 'sha256'
  return ({ authorization }) => {
    // Not searched from the end, because V8 then compares character by character.
    const border = authorization.indexOf('.', authorization.indexOf('.') + 1)
    const input = Buffer.from(authorization.slice(SCHEME, border), 'latin1')
    return verify(digest, input, key, signatureOf(authorization.slice(border + 1)))
  }
})

interface RawKey {
  readonly key: KeyObject | (SigningOptions & { readonly key: KeyObject })
  /** Decodes the last part of a compact JWS into the form that goes with the key. */
  readonly signatureOf: (part: string) => Buffer
}

/** As few options as possible with the key, as in the library, because reading options takes time on Node 24. */
function rawKeyOf({ pem, algorithm }: Issuance): RawKey {
  const key = createPublicKey(pem)
  const decoded = (part: string): Buffer => Buffer.from(part, 'base64url')
  if (algorithm === 'ES256') return { key, signatureOf: (part) => toDer(decoded(part), 32) ?? Buffer.alloc(0) }
  if (algorithm !== 'PS256') return { key, signatureOf: decoded }
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return { key: { key, ...pss }, signatureOf: decoded }
}
