import { createHash, hash, verify } from 'node:crypto'
import type { Contender } from './contender.js'
import { borderOf, keyAlone } from './raw-signature.js'

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

/** The signature alone: no header, no claim is read. */
export const signatureLimit: Contender = {
  name: 'crypto.verify, signature alone',
  packages: [],
  awaited: false,
  isAccepted: isSomething,
  make(issuance) {
    const { key, signatureOf } = keyAlone(issuance)
    const digest = issuance.algorithm === 'EdDSA' ? null : 'sha256'
    return ({ authorization }) => {
      const border = borderOf(authorization)
      const input = Buffer.from(authorization.slice(SCHEME, border), 'latin1')
      return verify(digest, input, key, signatureOf(authorization.slice(border + 1)))
    }
  },
}
