import type { DocumentHealth } from '../model/issuer/health.js'
import { explain } from '../model/detail/explain.js'
import { Refusal, type OrRefusal } from '../model/refusal/refusal.js'
import type { KeyQuery, KeySet, VerificationKey } from '../model/key/verification-key.js'
import type { Awaitable } from '../util/awaitable.js'

/** Keys of one tenant, its own or those that all tenants share, until the tenant is evicted. */
export class TenantKeySet implements KeySet {
  #keys: KeySet | undefined

  constructor(keys: KeySet) {
    this.#keys = keys
  }

  /** Frees the keys. Cached tokens of an evicted tenant refer to this object until they are dropped. */
  release(): void {
    this.#keys = undefined
  }

  find(query: KeyQuery, characters: number): Awaitable<OrRefusal<readonly VerificationKey[]>> {
    return this.#keys === undefined ? released() : this.#keys.find(query, characters)
  }

  explainUnknown(query: KeyQuery): () => string {
    return this.#keys?.explainUnknown(query) ?? explain('keys_unavailable', 'evicted', {})
  }

  ensureUsable(now: number): Awaitable<Refusal | undefined> {
    return this.#keys === undefined ? released() : this.#keys.ensureUsable(now)
  }

  load(): Promise<Refusal | undefined> {
    return this.#keys === undefined ? Promise.resolve(released()) : this.#keys.load()
  }

  size(): number {
    return this.#keys?.size() ?? 0
  }

  health(): DocumentHealth {
    return this.#keys?.health() ?? { status: 'ok' }
  }
}

function released(): Refusal {
  return new Refusal('keys_unavailable', { detail: explain('keys_unavailable', 'evicted', {}) })
}
