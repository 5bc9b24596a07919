import type { SigningAlgorithm } from '../../../src/testing/index.js'

/** Every algorithm that the test issuer signs with: written out, so that none can get lost unnoticed. */
export const SIGNING_ALGORITHMS: readonly SigningAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
