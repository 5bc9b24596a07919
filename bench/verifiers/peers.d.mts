import type { Contender } from './contender.js'

export const cachingPeers: readonly Contender[]
export const verifyingPeers: readonly Contender[]
export const fastJwtWithCache: Contender
