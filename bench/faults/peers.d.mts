import type { KeyServer } from './key-server.js'

/** A service behind a guard. */
export interface Guarded {
  readonly url: string
  readonly close: () => void
}

/** A package, guarding a service of one route. */
export interface Peer {
  readonly name: string
  readonly version: string
  readonly start: (keys: KeyServer) => Promise<Guarded>
}

export const peers: readonly Peer[]
