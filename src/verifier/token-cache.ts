import { LRUCache } from 'lru-cache'
import { ownOptions } from '../options/read-options.js'
import { wholeNumber } from '../options/readers.js'
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

/** Makes the cache of a verifier, or with `false` one that remembers nothing. */
export function createTokenCache(option: string, options: CacheOptions | false = {}): TokenCache {
  if (options === false) return forgetful
  const own = ownOptions(option, options, { maxTokens: true, maxRefused: true })
  const bounds = { min: 1, max: 1_000_000 }
  const accepted = new LRUCache<string, CachedToken | SeenToken>({
    max: wholeNumber(`${option}.maxTokens`, own.maxTokens, 10_000, bounds),
  })
  const denied = new LRUCache<string, RefusedToken>({
    max: wholeNumber(`${option}.maxRefused`, own.maxRefused, 1000, bounds),
  })
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
