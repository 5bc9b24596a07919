import { constants, createHash, createPublicKey, hash, verify, type SigningOptions } from 'node:crypto'
import type { Contender } from './contender.js'

const isSomething = (result: unknown): boolean => result !== undefined && result !== false

const SCHEME = 'Bearer '.length

/** Node 20 has it from 20.12 on; the types of Node 20 know it, the feature may still be missing. */
const digestOf =
  typeof hash === 'function'
    ? (token: string): string => hash('sha256', token, 'base64url')
    : (token: string): string => createHash('sha256').update(token).digest('base64url')

/** The least that remembering by digest can cost: no standing, no policy, no bound. */
export const rememberingLimits: readonly Contender[] = [
  {
    name: 'bare sha256 + Map.get',
    packages: [],
    awaited: false,
    isAccepted: isSomething,
    make() {
      const known = new Map<string, object>()
      return ({ authorization }) => {
        const digest = digestOf(authorization.slice(SCHEME))
        let found = known.get(digest)
        if (found === undefined) {
          found = {}
          known.set(digest, found)
        }
        return found
      }
    },
  },
  {
    name: 'bare sha256 + Map.get, awaited',
    packages: [],
    awaited: true,
    isAccepted: isSomething,
    async make(issuance) {
      const look = await rememberingLimits[0]?.make(issuance)
      // eslint-disable-next-line @typescript-eslint/require-await -- the promise is what is measured
      return async (headers) => look?.(headers)
    },
  },
]

/** What goes with a key, by algorithm. */
export const signatureOptions: Readonly<Record<string, SigningOptions>> = {
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  ES256: { dsaEncoding: 'ieee-p1363' },
}

/** The signature alone: no header, no claim is read. */
export const signatureLimit: Contender = {
  name: 'crypto.verify, signature alone',
  packages: [],
  awaited: false,
  isAccepted: isSomething,
  make({ pem, algorithm }) {
    const key = { key: createPublicKey(pem), ...signatureOptions[algorithm] }
    const digest = algorithm === 'EdDSA' ? null : 'sha256'
    return ({ authorization }) => {
      const border = authorization.lastIndexOf('.')
      const input = Buffer.from(authorization.slice(SCHEME, border), 'latin1')
      const signature = Buffer.from(authorization.slice(border + 1), 'base64url')
      return verify(digest, input, key, signature)
    }
  },
}
