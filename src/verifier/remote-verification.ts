import { withConfirmation, type AccessToken, type TokenFacts } from '../model/access-token.js'
import { isBoundToKey } from '../model/claims.js'
import { Refusal, type OrRefusal, type VerificationFailure } from '../model/refusal.js'
import type { IntrospectionResult } from '../introspection/introspector.js'
import type { Clock } from '../util/clock.js'
import { isRecord } from '../util/members.js'
import { SingleFlight } from '../util/single-flight.js'
import { CachedToken, cachedTokenFrom } from './cached-token.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import type { TokenCache } from './token-cache.js'

/** A token that its issuer verifies. */
export interface TokenToVerify {
  readonly token: string
  readonly digest: string
  readonly format: AccessToken['format']
}

/** The reader of a custom issuer may return anything: facts of a wrong type are refused where they are stored. */
function isBound({ claims }: TokenFacts): boolean {
  return isRecord(claims) && isBoundToKey(claims)
}

/** An answer that names a key is not usable, like an inactive one, and is cached like it: bounded, and briefly. */
const BOUND: VerificationFailure = { reason: 'proof_missing', detail: 'the answer has a cnf member' }

/** Whether the result of a call in flight may still be cached: not after the token was forgotten. */
type MayCache = () => boolean

/** Verifies tokens remotely. Concurrent requests for one token share a call; results are cached. */
export class RemoteVerification {
  readonly #cache: TokenCache
  readonly #clock: Clock
  readonly #flights = new SingleFlight<OrRefusal<CachedToken>>()

  constructor(cache: TokenCache, clock: Clock) {
    this.#cache = cache
    this.#clock = clock
  }

  /** Asks the issuer about a token that is not cached. */
  verify(request: TokenToVerify, issuer: ConnectedIssuer): Promise<OrRefusal<CachedToken>> {
    return this.#share(request.digest, (mayCache) => this.#fetchFacts(request, issuer, mayCache))
  }

  /** Asks the issuer again about a cached token. */
  confirm(token: string, digest: string, cached: CachedToken): Promise<OrRefusal<CachedToken>> {
    const request = { token, digest, format: cached.token.format }
    if (cached.key === undefined) return this.verify(request, cached.issuer)
    return this.#share(digest, (mayCache) => this.#fetchConfirmation(request, cached, mayCache))
  }

  /** A call in flight still serves its waiting callers, and its result is not cached. */
  abandon(digest: string): void {
    this.#flights.abandon(digest)
  }

  #share(
    digest: string,
    call: (mayCache: MayCache) => Promise<OrRefusal<CachedToken>>,
  ): Promise<OrRefusal<CachedToken>> {
    return this.#flights.share(digest, call, (result) => {
      if (!(result instanceof Refusal)) this.#cache.accept(digest, result)
    })
  }

  /** The facts of a token as its issuer states them. */
  async #fetchFacts(
    request: TokenToVerify,
    issuer: ConnectedIssuer,
    mayCache: MayCache,
  ): Promise<OrRefusal<CachedToken>> {
    const { confirmedAt, confirmedElapsed } = this.#readClocks()
    const result = await this.#introspect(request, issuer, mayCache)
    if (result instanceof Refusal) return result
    const { format, digest } = request
    return cachedTokenFrom(result.facts, {
      issuer,
      key: undefined,
      format,
      digest,
      frozen: undefined,
      confirmedAt,
      confirmedElapsed,
    })
  }

  /** The issuer's confirmation of a token whose facts a signature has proved. */
  async #fetchConfirmation(
    request: TokenToVerify,
    cached: CachedToken,
    mayCache: MayCache,
  ): Promise<OrRefusal<CachedToken>> {
    const { confirmedAt, confirmedElapsed } = this.#readClocks()
    const result = await this.#introspect(request, cached.issuer, mayCache)
    if (result instanceof Refusal) return result
    const { issuer, notBefore, isBound, key } = cached
    const token = withConfirmation(cached.token, confirmedAt)
    return new CachedToken({ issuer, token, notBefore, isBound, key, confirmedElapsed })
  }

  /** Read before the call: a result is no fresher than the moment of its request. */
  #readClocks(): { readonly confirmedAt: number; readonly confirmedElapsed: number } {
    return { confirmedAt: this.#clock.now(), confirmedElapsed: this.#clock.elapsed() }
  }

  /** An inactive result is cached, unless the token was forgotten meanwhile, and refused. */
  async #introspect(
    { token, digest }: TokenToVerify,
    { issuer, remote }: ConnectedIssuer,
    mayCache: MayCache,
  ): Promise<OrRefusal<Extract<IntrospectionResult, { active: true }>>> {
    if (remote === undefined) return new Refusal('confirmation_impossible')
    const result = await remote.introspect(token)
    if (result instanceof Refusal) return result
    if (result.active && !isBound(result.facts)) return result
    const { reason, detail } = result.active ? BOUND : result
    const until = this.#clock.elapsed() + remote.lifetimes.no
    if (mayCache()) this.#cache.refuse(digest, { issuerName: issuer.name, reason, until })
    return new Refusal(reason, { cause: new Error(detail) })
  }
}
