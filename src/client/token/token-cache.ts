import { LRUCache } from 'lru-cache'
import type { TokenParameters } from '../grants/grant.js'
import { keyOf } from '../token-request.js'
import type { CachedToken } from './cached-token.js'
import type { RequestLimits } from './refusal-pauses.js'

/** Maximum number of evicted entries whose limits are kept. */
const MAX_LIMITS = 1000

type CreateEntry = (parameters: TokenParameters, limits: RequestLimits | undefined) => CachedToken

/** Caches the tokens of a source, one per audience and scope set. */
export class TokenCache {
  readonly #entries: LRUCache<string, CachedToken>
  /** Limits of evicted entries, which still apply to the next request. */
  readonly #limits = new LRUCache<string, RequestLimits>({ max: MAX_LIMITS })
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
    const entry = existing ?? this.#create(parameters, this.#limits.get(key))
    if (existing === undefined || this.#evictedInFlight.delete(key)) this.#entries.set(key, entry)
    return entry
  }

  /** All entries, without changing which was used last. */
  get entries(): readonly CachedToken[] {
    return [...this.#entries.values(), ...this.#evictedInFlight.values()]
  }

  /** Ends every backoff and every pause. */
  reset(): void {
    this.#limits.clear()
    for (const entry of this.entries) entry.reset()
  }

  clear(): void {
    this.#entries.clear()
    this.#evictedInFlight.clear()
    this.#limits.clear()
  }

  #handleEviction(key: string, entry: CachedToken): void {
    if (!entry.isBusy) {
      const { limits } = entry
      if (limits !== undefined) this.#limits.set(key, limits)
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
