import { narrowToPayload, unverifiedPayload } from '../jwt/payload.js'
import { assertPlain, type AccessToken } from '../model/access-token.js'
import { explain } from '../model/detail/explain.js'
import { MAX_DETAIL_LENGTH } from '../model/detail/format.js'
import {
  createCause,
  isVerificationFailure,
  Refusal,
  type OrRefusal,
  type VerificationFailure,
  isRefusal,
} from '../model/refusal/refusal.js'
import { maskTokenIn } from '../telemetry/mask-token.js'
import type { Clock } from '../util/clock.js'
import { safeLine } from '../util/quote.js'
import { SingleFlight } from '../util/single-flight.js'
import { CachedToken, cachedTokenFrom } from './cached-token.js'
import { narrowToConfirmed } from './confirmation.js'
import { canEverPass } from './freshness.js'
import type { ConnectedIssuer } from './connection/issuer-connection.js'
import type { Introspector } from '../introspection/introspector.js'
import type { AnswerNeeds } from '../introspection/issuer-answers.js'
import type { TokenCache } from './token-cache.js'

/** When an issuer has confirmed a token, in seconds: since the epoch, and on the monotonic clock. */
interface ConfirmationTimes {
  readonly confirmedAt: number
  readonly confirmedElapsed: number
}

/** A token to introspect. */
export interface TokenToVerify {
  readonly token: string
  readonly digest: string
  readonly format: AccessToken['format']
}

/** Dependencies and settings of {@link RemoteVerification}. */
export interface RemoteVerificationSettings {
  readonly cache: TokenCache
  readonly clock: Clock
  /** Maximum clock difference, in seconds. */
  readonly toleranceSeconds: number
}

/** Added to the digest of a token in the key of a flight that calls the issuer in any case. */
const CALL = ':call'

/** Whether the result of a call in flight may be cached: not if the token was forgotten since the call began. */
type IsCacheable = () => boolean

/** What a request needs of a result, and what may be done with it. */
interface Needs {
  /** Maximum age of the result of another process, in seconds. */
  readonly maxAge: number
  /** Seconds for which no request waits for the result. */
  readonly spare: number
  readonly isCacheable: IsCacheable
}

/** Verifies tokens remotely. Concurrent requests for one token share a call; results are cached. */
export class RemoteVerification {
  readonly #cache: TokenCache
  readonly #clock: Clock
  readonly #toleranceSeconds: number
  readonly #flights = new SingleFlight<OrRefusal<CachedToken>>()

  constructor({ cache, clock, toleranceSeconds }: RemoteVerificationSettings) {
    this.#cache = cache
    this.#clock = clock
    this.#toleranceSeconds = toleranceSeconds
  }

  /**
   * Introspects a token that is not cached.
   *
   * @param maxAge - maximum age of the result of another process, in seconds. The lifetime of a cached result limits it too.
   */
  verify(
    request: TokenToVerify,
    issuer: ConnectedIssuer,
    maxAge: number,
    spare = 0,
  ): Promise<OrRefusal<CachedToken>> {
    const limit = Math.min(maxAge, issuer.remote?.lifetimes.active ?? 0)
    return this.#share(request.digest, issuer, limit, (isCacheable) =>
      this.#fetchFacts(request, issuer, { maxAge: limit, spare, isCacheable }),
    )
  }

  /**
   * Introspects a cached token again. A result of another process counts only if it is younger than `maxAge`, in seconds.
   *
   * @param spare - seconds for which the cached result is in use, so that no request waits for this one.
   */
  confirm(
    token: string,
    digest: string,
    cached: CachedToken,
    maxAge: number,
    spare = 0,
  ): Promise<OrRefusal<CachedToken>> {
    const request = { token, digest, format: cached.token.format }
    if (cached.key === undefined) return this.verify(request, cached.issuer, maxAge, spare)
    return this.#share(digest, cached.issuer, maxAge, (isCacheable) =>
      this.#fetchConfirmation(request, cached, { maxAge, spare, isCacheable }),
    )
  }

  /** Prevents caching of a call in flight. Requests that wait for it still get its result. */
  abandon(digest: string): void {
    this.#flights.abandon(digest)
    this.#flights.abandon(digest + CALL)
  }

  #share(
    digest: string,
    { remote }: ConnectedIssuer,
    maxAge: number,
    call: (isCacheable: IsCacheable) => Promise<OrRefusal<CachedToken>>,
  ): Promise<OrRefusal<CachedToken>> {
    // A request that needs the issuer must not join one that the result of another process satisfies.
    const key = maxAge <= 0 && remote?.isShared === true ? digest + CALL : digest
    return this.#flights.share(key, call, (result) => {
      if (!isRefusal(result)) this.#store(digest, result)
    })
  }

  /** Caches a result. A token that no route can accept is cached separately, so that it never evicts one that is. */
  #store(digest: string, result: CachedToken): void {
    if (canEverPass(result, this.#clock.now(), this.#toleranceSeconds)) this.#cache.accept(digest, result)
    else this.#cache.acceptUnusable(digest, result)
  }

  /** Fetches the facts of a token from its issuer. */
  async #fetchFacts(
    request: TokenToVerify,
    issuer: ConnectedIssuer,
    needs: Needs,
  ): Promise<OrRefusal<CachedToken>> {
    if (issuer.remote === undefined) return refuseUnconfirmable()
    const asked = this.#readClocks()
    const result = await issuer.remote.introspect(request.token, answerNeeds(issuer.remote, needs, undefined))
    if (isRefusal(result)) return result
    const { isCacheable } = needs
    if (!result.active) return this.#refuse(result, request, issuer, isCacheable)
    const { confirmedAt, confirmedElapsed } = this.#timesOf(result.age, asked)
    const { token, format, digest } = request
    assertPlain(result.facts)
    const owner = issuer.assign === undefined ? issuer : issuer.assign(result.facts, format)
    if (isRefusal(owner)) return owner
    if ('reason' in owner) return this.#refuse({ ...owner, age: result.age }, request, issuer, isCacheable)
    const payload = unverifiedPayload(token)
    const facts = narrowToPayload(result.facts, payload)
    if (isVerificationFailure(facts))
      return this.#refuse({ ...facts, age: result.age }, request, issuer, isCacheable)
    const created = cachedTokenFrom(facts, {
      issuer: owner,
      verifiedAt: Number.NaN,
      key: undefined,
      format,
      digest,
      frozen: undefined,
      payload,
      confirmedAt,
      confirmedElapsed,
    })
    created.isOfOtherProcess = result.age !== undefined
    return created
  }

  /** Fetches the issuer's confirmation of a locally verified JWT and narrows its facts. */
  async #fetchConfirmation(
    request: TokenToVerify,
    cached: CachedToken,
    needs: Needs,
  ): Promise<OrRefusal<CachedToken>> {
    const { issuer, isBound, verifiedAt, key, proven, claimsWeight, expiresAt } = cached
    if (issuer.remote === undefined) return refuseUnconfirmable()
    const asked = this.#readClocks()
    const result = await issuer.remote.confirm(request.token, answerNeeds(issuer.remote, needs, expiresAt))
    if (isRefusal(result)) return result
    const { confirmedAt, confirmedElapsed } = this.#timesOf(result.age, asked)
    // Narrows the facts of the JWT itself, not those of an earlier confirmation, so that a scope that the issuer removed
    // and granted again counts.
    const confirmed = result.active ? narrowToConfirmed(proven, result.facts, issuer, confirmedAt) : result
    if (isVerificationFailure(confirmed))
      return this.#refuse({ ...confirmed, age: result.age }, request, issuer, needs.isCacheable)
    const created = new CachedToken({
      ...confirmed,
      issuer,
      isBound,
      verifiedAt,
      key,
      confirmedElapsed,
      proven,
      claimsWeight,
    })
    created.isOfOtherProcess = result.age !== undefined
    return created
  }

  /** Reads the clocks before a call, because a result is only as fresh as the time of its request. */
  #readClocks(): ConfirmationTimes {
    return { confirmedAt: this.#clock.now(), confirmedElapsed: this.#clock.elapsed() }
  }

  /** The times of a result: those before the call, or those of the call of another process. */
  #timesOf(age: number | undefined, asked: ConfirmationTimes): ConfirmationTimes {
    if (age === undefined) return asked
    const { confirmedAt, confirmedElapsed } = this.#readClocks()
    return { confirmedAt: confirmedAt - age, confirmedElapsed: confirmedElapsed - age }
  }

  /** Caches an inactive result, unless the token was forgotten since the call began. */
  #refuse(
    failure: VerificationFailure & { readonly age?: number | undefined },
    { token, digest }: TokenToVerify,
    { issuer, remote }: ConnectedIssuer,
    isCacheable: IsCacheable,
  ): Refusal {
    const { reason, age } = failure
    const until = this.#clock.elapsed() + (remote?.lifetimes.inactive ?? 0) - (age ?? 0)
    // The issuer's response may repeat the token, and a custom reader may quote the response.
    const detail = maskTokenIn(safeLine(failure.detail, MAX_DETAIL_LENGTH), token)
    if (isCacheable()) this.#cache.refuse(digest, { issuerName: issuer.name, reason, detail, until })
    const source = age === undefined ? undefined : 'cache'
    return new Refusal(reason, { detail, cause: createCause(detail), source })
  }
}

/** Longest time for which a result is shared, in seconds: the longest lifetime of a cached result. */
const LONGEST_SHARED = 3600

function answerNeeds(
  { lifetimes }: Introspector,
  { maxAge, spare, isCacheable }: Needs,
  expiresAt: number | undefined,
): AnswerNeeds {
  const keepFor = Math.min(LONGEST_SHARED, Math.max(lifetimes.active, maxAge))
  return { maxAge, keepFor, spare, expiresAt, mayShare: isCacheable }
}

function refuseUnconfirmable(): Refusal {
  const detail = explain('confirmation_impossible', 'unconfigured', {})
  return new Refusal('confirmation_impossible', { detail })
}
