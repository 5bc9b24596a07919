import type { Clock } from '../clock.js'
import { exchange, parseJson, retryAfterSeconds, type ExchangeAnswer } from '../exchange.js'
import type { RemoteProfile, RemoteVerdict } from '../issuers/issuer.js'
import { Refusal } from '../refusal.js'

/** What is known of asking an issuer. Times in seconds since the epoch. */
export interface RemoteHealth {
  readonly status: 'ok' | 'degraded' | 'down'
  readonly lastSuccess?: number
  readonly lastFailure?: number
  /** Why the last question failed, while that is the latest outcome. */
  readonly failure?: string
}

/** A definitive answer: yes with facts, or no with a reason. */
export type Answered = Extract<RemoteVerdict, { active: boolean }>

/** Asks one issuer about tokens: one bounded question at a time per call, every failure an undecidable. */
export class RemoteCheck {
  readonly #profile: RemoteProfile
  readonly #endpoint: () => string | Promise<string>
  readonly #fetch: typeof fetch | undefined
  readonly #clock: Clock
  #lastSuccess: number | undefined
  #lastFailure: number | undefined
  #failure: string | undefined

  constructor(
    profile: RemoteProfile,
    endpoint: () => string | Promise<string>,
    clock: Clock,
    issuerFetch: typeof fetch | undefined,
  ) {
    this.#profile = profile
    this.#endpoint = endpoint
    this.#clock = clock
    this.#fetch = issuerFetch
  }

  /** How long a yes and a no are believed, in seconds. */
  get lifetimes(): { readonly yes: number; readonly no: number } {
    return { yes: this.#profile.options.lifetime, no: this.#profile.options.refusedLifetime }
  }

  /**
   * Asks the issuer about a token.
   *
   * @throws Refusal `issuer_unavailable` or `issuer_refused_us` (undecidable), or `confirmation_impossible`.
   */
  async ask(token: string): Promise<Answered> {
    const answer = await this.#exchange(token)
    const verdict = this.#profile.read({ status: answer.status, json: parseJson(answer.text) }, token)
    if (!('fault' in verdict)) {
      this.#lastSuccess = this.#clock.now()
      this.#failure = undefined
      return verdict
    }
    const { fault, because } = verdict
    throw this.#failed(fault, because, retryAfterSeconds(answer.headers, this.#clock.now()))
  }

  health(): RemoteHealth {
    const status = this.#failure === undefined ? 'ok' : this.#lastSuccess === undefined ? 'down' : 'degraded'
    return {
      status,
      ...(this.#lastSuccess === undefined ? {} : { lastSuccess: this.#lastSuccess }),
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    }
  }

  async #exchange(token: string): Promise<ExchangeAnswer> {
    const { deadline, maxBytes } = this.#profile.options
    const url = await this.#endpoint()
    try {
      return await exchange({
        url,
        method: 'POST',
        ...this.#profile.request(token),
        deadlineSeconds: deadline,
        maxBytes,
        fetch: this.#fetch,
      })
    } catch (error) {
      throw this.#failed(
        'issuer_unavailable',
        error instanceof Error ? error.message : 'no answer',
        undefined,
      )
    }
  }

  #failed(
    reason: 'issuer_unavailable' | 'issuer_refused_us' | 'confirmation_impossible',
    because: string,
    retryAfter: number | undefined,
  ): Refusal {
    this.#lastFailure = this.#clock.now()
    this.#failure = because
    return new Refusal(reason, { cause: new Error(because), retryAfterSeconds: retryAfter })
  }
}
