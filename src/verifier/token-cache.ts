import { LRUCache } from 'lru-cache'
import { nested } from '../options/read-options.js'
import { custom, type Reader, type Result, type TableOf } from '../options/reader.js'
import { integer } from '../options/readers.js'
import type { CachedToken } from './cached-token.js'
import type { RefusalReason } from '../model/refusal/reasons.js'

/** Limits of the token cache: the `cache` option of `createVerifier()`. */
export interface CacheOptions {
  /**
   * Maximum number of cached accepted tokens, from 1 to 1,000,000. The least recently used is evicted first.
   *
   * @defaultValue `10_000`
   */
  readonly maxTokens?: number
  /**
   * Maximum number of cached negative results, from 1 to 1,000,000. Cached separately, so that invalid tokens cannot evict
   * valid ones.
   *
   * @defaultValue `1_000`
   */
  readonly maxRefused?: number
  /**
   * Maximum heap of all cached results together, in bytes, from 65,536 to 68,719,476,736 (64 GiB). The least recently used
   * are evicted first. The default holds 10,000 tokens of up to 5 KB. Claims that take more than 16 KiB parsed are cached
   * as JSON.
   *
   * @defaultValue `67_108_864` (64 MiB)
   */
  readonly maxBytes?: number
}

/** Size of the token cache, part of `verifier.health()`. */
export interface CacheHealth {
  /** Tokens that a route can accept. */
  readonly accepted: CacheSize
  /** Tokens that the issuer refused, and tokens that no route can accept, such as expired ones. */
  readonly refused: CacheSize
}

/** Size of one part of the token cache. */
export interface CacheSize {
  /** Number of tokens. */
  readonly tokens: number
  /** Heap used by them, in bytes, as the option `maxBytes` counts it. */
  readonly bytes: number
}

/** A cached inactive result of an issuer. `until` is the end of its use, on the monotonic clock in seconds. */
export interface RefusedToken {
  readonly issuerName: string
  readonly reason: RefusalReason
  /** What was compared with what. At most 500 characters. */
  readonly detail: string
  readonly until: number
}

/**
 * Caches results by the token's digest. Accepted and refused tokens are bounded separately. The caller checks the lifetimes
 * of accepted tokens, because they depend on the issuer.
 */
export interface TokenCache {
  accepted(digest: string): CachedToken | undefined
  refused(digest: string, now: number): RefusedToken | undefined
  accept(digest: string, cached: CachedToken): void
  /** Caches a token that no route can accept, separately from those that a route accepts. */
  acceptUnusable(digest: string, cached: CachedToken): void
  refuse(digest: string, refused: RefusedToken): void
  forget(digest: string): void
  clear(): void
  size(): CacheHealth
}

/** The options of `cache`. */
export const CACHE_OPTIONS = {
  maxTokens: integer({ min: 1, max: 1_000_000, default: 10_000 }),
  maxRefused: integer({ min: 1, max: 1_000_000, default: 1000 }),
  maxBytes: integer({ min: 65_536, max: 68_719_476_736, default: 67_108_864 }),
} satisfies TableOf<CacheOptions>

const cacheOptions = nested('cache', CACHE_OPTIONS)

type CacheSettings = Result<typeof CACHE_OPTIONS>

/** Reads the `cache` option of a verifier. */
export const cacheOption: Reader<CacheSettings | false> = custom(
  { type: 'cache or false', isOptional: true },
  (option, value) => (value === false ? false : cacheOptions.read(option, value)),
)

/** Creates the cache of a verifier; `false` creates one that stores nothing. */
export function createTokenCache(settings: CacheSettings | false): TokenCache {
  if (settings === false) return noCache
  const { maxTokens, maxRefused, maxBytes } = settings
  // Refused tokens and tokens that no route can accept each get a separate share.
  const share = Math.floor(maxBytes / 16)
  const weigh = ({ weight }: CachedToken): number => weight
  const accepted = new LRUCache<string, CachedToken>({
    maxSize: maxBytes - 2 * share,
    sizeCalculation: weigh,
  })
  const unusable = new LRUCache<string, CachedToken>({ maxSize: share, sizeCalculation: weigh })
  const denied = new LRUCache<string, RefusedToken>({
    maxSize: share,
    sizeCalculation: ({ detail }) => REFUSED_BYTES + 2 * detail.length,
  })
  return {
    accepted(digest) {
      return accepted.get(digest) ?? lookUp(unusable, digest)
    },
    refused(digest, now) {
      const entry = lookUp(denied, digest)
      if (entry === undefined || now < entry.until) return entry
      denied.delete(digest)
      return undefined
    },
    accept(digest, cached) {
      remove(unusable, digest)
      remove(denied, digest)
      store(accepted, maxTokens, digest, cached)
    },
    acceptUnusable(digest, cached) {
      remove(accepted, digest)
      remove(denied, digest)
      store(unusable, maxRefused, digest, cached)
    },
    refuse(digest, refused) {
      remove(accepted, digest)
      remove(unusable, digest)
      store(denied, maxRefused, digest, refused)
    },
    forget(digest) {
      remove(accepted, digest)
      remove(unusable, digest)
      remove(denied, digest)
    },
    clear() {
      accepted.clear()
      unusable.clear()
      denied.clear()
    },
    size: () => ({ accepted: sizeOf(accepted), refused: sizeOf(unusable, denied) }),
  }
}

// The option `max` of lru-cache would do the same, but it allocates all entries when the cache is created, which takes longer
// than the rest of a verifier.
function store<T extends object>(cache: LRUCache<string, T>, max: number, digest: string, value: T): void {
  cache.set(digest, value)
  if (cache.size > max) cache.pop()
}

// Two of the three caches are mostly empty, and a lookup in an empty cache hashes the digest.
function lookUp<T extends object>(cache: LRUCache<string, T>, digest: string): T | undefined {
  return cache.size === 0 ? undefined : cache.get(digest)
}

function remove<T extends object>(cache: LRUCache<string, T>, digest: string): void {
  if (cache.size > 0) cache.delete(digest)
}

function sizeOf(...caches: readonly Pick<LRUCache<string, object>, 'size' | 'calculatedSize'>[]): CacheSize {
  return {
    tokens: caches.reduce((sum, { size }) => sum + size, 0),
    bytes: caches.reduce((sum, { calculatedSize }) => sum + calculatedSize, 0),
  }
}

/** Heap assumed for a refused token without its detail, in bytes, with its digest and a margin. */
const REFUSED_BYTES = 400

const noCache: TokenCache = {
  accepted: () => undefined,
  refused: () => undefined,
  accept: () => undefined,
  acceptUnusable: () => undefined,
  refuse: () => undefined,
  forget: () => undefined,
  clear: () => undefined,
  size: () => ({ accepted: sizeOf(), refused: sizeOf() }),
}
