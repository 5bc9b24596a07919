import type { Contender } from './contender.js'

export const rememberingPeers: readonly Contender[]
export const verifyingPeers: readonly Contender[]
