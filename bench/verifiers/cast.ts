import type { Contender } from './contender.js'
import { rememberingLimits, signatureLimit } from './limits.js'
import { ownKnown, ownNew } from './own.js'
import { rememberingPeers, verifyingPeers } from './peers.mjs'

/** Fewer than the tokens that are cycled through: each of them is new whenever it comes. */
const REMEMBERED_OF_NEW = 1000

const casts = {
  known: [...ownKnown, ...rememberingPeers, ...rememberingLimits],
  new: [...ownNew(REMEMBERED_OF_NEW), ...verifyingPeers, signatureLimit],
} satisfies Record<string, readonly Contender[]>

/** Who is compared with whom. */
export type Cast = keyof typeof casts

export function contendersOf(cast: Cast): readonly Contender[] {
  return casts[cast]
}

export function findContender(cast: Cast, name: string): Contender {
  const found = casts[cast].find((contender) => contender.name === name)
  if (found === undefined) throw new TypeError(`${cast}: there is no contender ${name}`)
  return found
}
