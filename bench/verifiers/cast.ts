import type { Contender } from './contender.js'
import { cachingLimits, signatureLimit } from './limits.js'
import { ownKnown, ownNew } from './own.js'
import { cachingPeers, verifyingPeers } from './peers.mjs'

export const OWN = 'm2m-guard authorize'
export const JOSE = 'jose jwtVerify + createRemoteJWKSet'

/** Accepts everything without reading it, to measure the loop delay that the load itself causes. */
const unverified: Contender = {
  name: 'no verification: the load alone',
  packages: [],
  awaited: false,
  isAccepted: (result) => result === true,
  make: () => () => true,
}

const fresh: readonly Contender[] = [...ownNew, ...verifyingPeers, signatureLimit]

const casts = {
  known: [ownKnown, ...cachingPeers, ...cachingLimits],
  new: fresh,
  loop: [...fresh.filter(({ name }) => [OWN, JOSE, 'fast-jwt with one key'].includes(name)), unverified],
} satisfies Record<string, readonly Contender[]>

/** A set of verifiers that are compared with each other. */
export type Cast = keyof typeof casts

export function contendersOf(cast: Cast): readonly Contender[] {
  return casts[cast]
}

export function findContender(cast: Cast, name: string): Contender {
  const found = casts[cast].find((contender) => contender.name === name)
  if (found === undefined) throw new TypeError(`${cast}: unknown contender ${name}`)
  return found
}
