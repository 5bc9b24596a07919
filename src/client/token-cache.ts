import { LRUCache } from 'lru-cache'
import type { Backoff } from './renewal-pause.js'
import type { TokenParameters } from './grants/grant.js'
import type { CachedToken } from './cached-token.js'
import { keyOf } from './token-request.js'

/** Of this many sets that were pushed out the pause is remembered. */
const MAX_BACKOFFS = 1000

type CreateEntry = (parameters: TokenParameters, pause: Backoff | undefined) => CachedToken

/** The tokens of a source, one per audience and scope set. */
export class TokenCache {
  readonly #sets: LRUCache<string, CachedToken>
  /** The pauses of those pushed out: the issuer is left alone all the same. */
  readonly #pauses = new LRUCache<string, Backoff>({ max: MAX_BACKOFFS })
  /** Those pushed out while a request was in flight: whoever asks again must join it. */
  readonly #busy = new Map<string, CachedToken>()
  readonly #make: CreateEntry

  constructor(max: number, make: CreateEntry) {
    this.#make = make
    this.#sets = new LRUCache({
      max,
      disposeAfter: (set, key, reason) => {
        if (reason === 'evict') this.#letGo(key, set)
      },
    })
  }

  of(parameters: TokenParameters): CachedToken {
    const key = keyOf(parameters)
    const known = this.#sets.get(key) ?? this.#busy.get(key)
    const set = known ?? this.#make(parameters, this.#pauses.get(key))
    if (known === undefined || this.#busy.delete(key)) this.#sets.set(key, set)
    return set
  }

  forget(token: string): void {
    for (const set of [...this.#sets.values(), ...this.#busy.values()]) set.forget(token)
  }

  clear(): void {
    this.#sets.clear()
    this.#busy.clear()
    this.#pauses.clear()
  }

  #letGo(key: string, set: CachedToken): void {
    if (!set.isBusy) {
      if (set.pause !== undefined) this.#pauses.set(key, set.pause)
      return
    }
    this.#busy.set(key, set)
    void set.settled().then(() => {
      if (this.#busy.get(key) !== set) return
      this.#busy.delete(key)
      this.#letGo(key, set)
    })
  }
}
