import { LRUCache } from 'lru-cache'
import { nested } from '../options/read-options.js'
import { custom, type Reader, type Result, type TableOf } from '../options/reader.js'
import { integer } from '../options/readers.js'
import type { CachedToken } from './cached-token.js'
import { SeenToken } from './unparsed-token.js'
import type { RefusalReason } from '../model/refusal-reasons.js'

/** How much a verifier remembers of tokens. */
export interface CacheOptions {
  /** The most accepted tokens remembered; the least recently used goes first. Default 10,000. */
  readonly maxTokens?: number
  /** The most tokens remembered of which the issuer said no. Kept apart, so that junk evicts no honest token. Default 1,000. */
  readonly maxRefused?: number
}

/** That an issuer said no to a token, until when this is believed. */
export interface RefusedToken {
  readonly issuerName: string
  readonly reason: RefusalReason
  readonly until: number
}

/**
 * What a verifier remembers, by the token's digest. Both kinds are bounded in number and in time; the
 * lifetimes are judged by the reader, which knows the issuer's.
 */
export interface TokenCache {
  accepted(digest: string): CachedToken | undefined
  refused(digest: string, now: number): RefusedToken | undefined
  remember(digest: string, known: CachedToken | SeenToken): void
  refuse(digest: string, refused: RefusedToken): void
  forget(digest: string): void
  clear(): void
}

/** The options of `cache`. */
export const CACHE_OPTIONS = {
  maxTokens: integer({ min: 1, max: 1_000_000, default: 10_000 }),
  maxRefused: integer({ min: 1, max: 1_000_000, default: 1000 }),
} satisfies TableOf<CacheOptions>

const cacheOptions = nested('cache', CACHE_OPTIONS)

type CacheSettings = Result<typeof CACHE_OPTIONS>

/** Reads the `cache` option of a verifier. */
export const cacheOption: Reader<CacheSettings | false> = custom(
  { type: 'cache or false', isOptional: true },
  (option, value) => (value === false ? false : cacheOptions.read(option, value)),
)

/** Makes the cache of a verifier, or with `false` one that remembers nothing. */
export function createTokenCache(settings: CacheSettings | false): TokenCache {
  if (settings === false) return forgetful
  const accepted = new LRUCache<string, CachedToken | SeenToken>({ max: settings.maxTokens })
  const denied = new LRUCache<string, RefusedToken>({ max: settings.maxRefused })
  function recalled(digest: string, seen: SeenToken): CachedToken | undefined {
    const known = seen.recall(digest)
    if (known === undefined) accepted.delete(digest)
    else accepted.set(digest, known)
    return known
  }

  return {
    accepted(digest) {
      const remembered = accepted.get(digest)
      return remembered instanceof SeenToken ? recalled(digest, remembered) : remembered
    },
    refused(digest, now) {
      const entry = denied.get(digest)
      if (entry === undefined || now < entry.until) return entry
      denied.delete(digest)
      return undefined
    },
    remember(digest, known) {
      denied.delete(digest)
      accepted.set(digest, known)
    },
    refuse(digest, refused) {
      accepted.delete(digest)
      denied.set(digest, refused)
    },
    forget(digest) {
      accepted.delete(digest)
      denied.delete(digest)
    },
    clear() {
      accepted.clear()
      denied.clear()
    },
  }
}

const forgetful: TokenCache = {
  accepted: () => undefined,
  refused: () => undefined,
  remember: () => undefined,
  refuse: () => undefined,
  forget: () => undefined,
  clear: () => undefined,
}
