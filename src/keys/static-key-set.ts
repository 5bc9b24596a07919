import type { DocumentHealth } from '../model/issuer/health.js'
import type { KeySet, VerificationKey } from '../model/key/verification-key.js'
import { explainUnknownKey, type PublishedKeys, findCandidates } from './jwks.js'
import type { KeyQuery } from '../model/key/verification-key.js'

/** Keys from the configuration. They never change and are never fetched. */
export class StaticKeySet implements KeySet {
  readonly #published: PublishedKeys

  constructor(keys: readonly VerificationKey[]) {
    this.#published = { keys, kids: new Set() }
  }

  find(query: KeyQuery): readonly VerificationKey[] {
    return findCandidates(this.#published, query, true)
  }

  explainUnknown(query: KeyQuery): () => string {
    return explainUnknownKey(this.#published, query)
  }

  ensureUsable(): undefined {
    // Configured keys cannot be withdrawn.
    return undefined
  }

  load(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  size(): number {
    return this.#published.keys.length
  }

  health(): DocumentHealth {
    return { status: 'ok' }
  }
}
