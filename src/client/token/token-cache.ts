import { LRUCache } from 'lru-cache'
import type { TokenParameters } from '../grants/grant.js'
import { keyOf } from '../token-request.js'
import type { Backoff } from './backoff.js'
import type { CachedToken } from './cached-token.js'

/** Maximum number of evicted entries whose backoff is kept. */
const MAX_BACKOFFS = 1000

type CreateEntry = (parameters: TokenParameters, backoff: Backoff | undefined) => CachedToken

/** Caches the tokens of a source, one per audience and scope set. */
export class TokenCache {
  readonly #entries: LRUCache<string, CachedToken>
  /** Backoff of evicted entries, which still applies to the next request. */
  readonly #backoffs = new LRUCache<string, Backoff>({ max: MAX_BACKOFFS })
  /** Entries that were evicted while their request was in flight. A later caller must join that request. */
  readonly #evictedInFlight = new Map<string, CachedToken>()
  readonly #create: CreateEntry

  constructor(max: number, create: CreateEntry) {
    this.#create = create
    this.#entries = new LRUCache({
      max,
      disposeAfter: (entry, key, reason) => {
        if (reason !== 'evict') return
        entry.reportEviction()
        this.#handleEviction(key, entry)
      },
    })
  }

  get(parameters: TokenParameters): CachedToken {
    const key = keyOf(parameters)
    const existing = this.#entries.get(key) ?? this.#evictedInFlight.get(key)
    const entry = existing ?? this.#create(parameters, this.#backoffs.get(key))
    if (existing === undefined || this.#evictedInFlight.delete(key)) this.#entries.set(key, entry)
    return entry
  }

  /** All entries, without changing which was used last. */
  get entries(): readonly CachedToken[] {
    return [...this.#entries.values(), ...this.#evictedInFlight.values()]
  }

  /** Ends every backoff. */
  reset(): void {
    this.#backoffs.clear()
    for (const entry of this.entries) entry.reset()
  }

  clear(): void {
    this.#entries.clear()
    this.#evictedInFlight.clear()
    this.#backoffs.clear()
  }

  #handleEviction(key: string, entry: CachedToken): void {
    if (!entry.isBusy) {
      if (entry.backoff !== undefined) this.#backoffs.set(key, entry.backoff)
      return
    }
    this.#evictedInFlight.set(key, entry)
    void entry.settled().then(() => {
      if (this.#evictedInFlight.get(key) !== entry) return
      this.#evictedInFlight.delete(key)
      this.#handleEviction(key, entry)
    })
  }
}
