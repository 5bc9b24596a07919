import {
  createAccessToken,
  optionalTime as timeOrNothing,
  withConfirmation,
  type AccessToken,
} from '../model/access-token.js'
import type { Clock } from '../util/clock.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import { Refusal } from '../model/refusal.js'
import type { IntrospectionResult } from '../introspection/introspector.js'
import { SingleFlight } from '../util/single-flight.js'
import { CachedToken } from './cached-token.js'
import type { TokenCache } from './token-cache.js'

/** A token that an issuer is asked about. */
export interface TokenToVerify {
  readonly token: string
  readonly digest: string
  readonly format: AccessToken['format']
}

/** Whether an answer under way may still be remembered: not once its token was forgotten. */
type StillCounts = () => boolean

/** Asks issuers about tokens: one question at a time per token, and what comes back is remembered. */
export class RemoteVerification {
  readonly #cache: TokenCache
  readonly #clock: Clock
  readonly #flights = new SingleFlight<CachedToken>()

  constructor(cache: TokenCache, clock: Clock) {
    this.#cache = cache
    this.#clock = clock
  }

  /**
   * Asks about a token of which nothing is remembered.
   *
   * @throws Refusal
   */
  async verify(asked: TokenToVerify, issuer: ConnectedIssuer): Promise<CachedToken> {
    return this.#once(asked.digest, (counts) => this.#facts(asked, issuer, counts))
  }

  /**
   * Asks again about a token whose facts are known.
   *
   * @throws Refusal
   */
  async confirm(token: string, digest: string, known: CachedToken): Promise<CachedToken> {
    const asked = { token, digest, format: known.token.format }
    if (known.key === undefined) return this.verify(asked, known.issuer)
    return this.#once(digest, (counts) => this.#confirmation(asked, known, counts))
  }

  /** An answer under way serves those who wait for it and is not remembered. */
  abandon(digest: string): void {
    this.#flights.abandon(digest)
  }

  #once(digest: string, work: (counts: StillCounts) => Promise<CachedToken>): Promise<CachedToken> {
    return this.#flights.share(digest, work, (known) => {
      this.#cache.remember(digest, known)
    })
  }

  /** The facts of a token as its issuer tells them. */
  async #facts(asked: TokenToVerify, issuer: ConnectedIssuer, counts: StillCounts): Promise<CachedToken> {
    const moment = this.#moment()
    const { facts } = await this.#ask(asked, issuer, counts)
    const { name: issuerName, provider } = issuer.issuer
    const { format, digest } = asked
    const token = createAccessToken(facts, {
      format,
      issuerName,
      provider,
      digest,
      confirmedAt: moment.now,
      frozen: undefined,
    })
    return new CachedToken({
      issuer,
      token,
      notBefore: timeOrNothing(facts, 'notBefore'),
      key: undefined,
      confirmedElapsed: moment.elapsed,
    })
  }

  /** The issuer's word on a token whose facts a signature has vouched for. */
  async #confirmation(asked: TokenToVerify, known: CachedToken, counts: StillCounts): Promise<CachedToken> {
    const moment = this.#moment()
    await this.#ask(asked, known.issuer, counts)
    const token = withConfirmation(known.token, moment.now)
    const { issuer, notBefore, key } = known
    return new CachedToken({ issuer, token, notBefore, key, confirmedElapsed: moment.elapsed })
  }

  /** When a question was put: an answer is no fresher than that. */
  #moment(): { readonly now: number; readonly elapsed: number } {
    return { now: this.#clock.now(), elapsed: this.#clock.elapsed() }
  }

  /** A no is remembered, unless forgotten meanwhile, and refused; a yes comes back. */
  async #ask(
    { token, digest }: TokenToVerify,
    { issuer, remote }: ConnectedIssuer,
    counts: StillCounts,
  ): Promise<Extract<IntrospectionResult, { active: true }>> {
    if (remote === undefined) throw new Refusal('confirmation_impossible')
    const answer = await remote.introspect(token)
    if (answer.active) return answer
    const { reason, detail: because } = answer
    const until = this.#clock.elapsed() + remote.lifetimes.no
    if (counts()) this.#cache.refuse(digest, { issuerName: issuer.name, reason, until })
    throw new Refusal(reason, { cause: new Error(because) })
  }
}
