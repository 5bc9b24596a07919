import type { Clock } from '../util/clock.js'
import { exchange } from '../http/exchange.js'
import { isHtml } from '../http/media-type.js'
import type { HttpResponse } from '../http/transport/messages.js'
import type { Transport } from '../http/transport/transport.js'
import { retry } from '../http/retry.js'
import { retryAfterSeconds } from '../http/retry-after.js'
import { parseJson } from '../util/json.js'
import { isRecord, ownMember } from '../util/members.js'
import { DEEPEST_NESTING, freezeWithin } from '../util/freeze.js'
import type { RemoteProfile, RemoteResult } from '../model/issuer.js'
import type { TellIssuerEvent } from '../model/issuer-events.js'
import { Refusal, type OrRefusal } from '../model/refusal.js'
import type { Awaitable } from '../util/awaitable.js'
import { REMOTE_DEFAULTS } from './options.js'
import type { RemoteSettings } from '../model/issuer.js'
import { hasDuplicateMembers } from './duplicate-members.js'
import { CircuitBreaker, type CircuitChange, type CallOutcome } from './circuit-breaker.js'

/** What is known of asking an issuer. Times in seconds since the epoch. */
export interface RemoteHealth {
  readonly status: 'ok' | 'degraded' | 'down'
  /** `open`: the issuer is left alone after failures. `half-open`: one question may probe it. */
  readonly breaker: 'closed' | 'open' | 'half-open'
  readonly lastSuccess?: number
  readonly lastFailure?: number
  /** Why the last question failed, while that is the latest outcome. */
  readonly failure?: string
}

/** A definitive answer: yes with facts, or no with a reason. */
export type IntrospectionResult = Extract<RemoteResult, { active: boolean }>

type Failure = Extract<RemoteResult, { fault: unknown }>

/** The shortest and the longest pause before a second attempt, in seconds. */
const RETRY_PAUSES = [0.02, 0.12] as const

/** Asks one issuer about tokens. Every question is bounded, and every failure an undecidable. */
export class Introspector {
  readonly #profile: RemoteProfile
  readonly #options: RemoteSettings
  readonly #endpoint: () => Awaitable<OrRefusal<string>>
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #circuit: CircuitBreaker
  #lastSuccess: number | undefined
  #lastFailure: number | undefined
  #failure: string | undefined
  #declinedInRow = 0

  constructor(
    profile: RemoteProfile,
    endpoint: () => Awaitable<OrRefusal<string>>,
    clock: Clock,
    settings: { readonly transport: Transport; readonly tell: TellIssuerEvent },
  ) {
    this.#profile = profile
    this.#options = { ...REMOTE_DEFAULTS, ...profile.options }
    this.#endpoint = endpoint
    this.#clock = clock
    this.#transport = settings.transport
    this.#circuit = new CircuitBreaker(this.#options, clock, (change) => {
      settings.tell(EVENT_OF[change], this.#failure ?? 'the issuer answers again')
    })
  }

  /** How long a yes and a no are believed, in seconds. */
  get lifetimes(): { readonly yes: number; readonly no: number } {
    return { yes: this.#options.lifetime, no: this.#options.refusedLifetime }
  }

  /**
   * Introspects a token. Refusal `issuer_unavailable`, `issuer_refused_us` or `issuer_overloaded` (undecidable), or
   * `confirmation_impossible`.
   */
  async introspect(token: string): Promise<OrRefusal<IntrospectionResult>> {
    const url = await this.#endpoint()
    if (url instanceof Refusal) return url
    const called = await this.#circuit.run(async () => {
      const asked = await this.#callWithRetry(url, token)
      const outcome = outcomeOf(asked)
      this.#note(asked.verdict, outcome)
      return { result: asked, outcome }
    })
    if (called instanceof Refusal) return called
    const { verdict, retryAfter } = called
    if (!('fault' in verdict)) return verdict
    return new Refusal(verdict.fault, {
      cause: new Error(verdict.detail),
      retryAfterSeconds: this.#circuit.secondsToNextCall() ?? retryAfter,
    })
  }

  health(): RemoteHealth {
    const status = this.#failure === undefined ? 'ok' : this.#lastSuccess === undefined ? 'down' : 'degraded'
    return {
      status,
      breaker: this.#circuit.state(),
      ...(this.#lastSuccess === undefined ? {} : { lastSuccess: this.#lastSuccess }),
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    }
  }

  /** One request, and within the same deadline a second one after a temporary failure. */
  async #callWithRetry(url: string, token: string): Promise<CallResult> {
    const { deadline: deadlineSeconds, retries } = this.#options
    const settings = { deadlineSeconds, retries, pauses: RETRY_PAUSES }
    const outcome = await retry(settings, (left) => this.#attempt(url, token, left))
    return this.#read(outcome, token)
  }

  async #attempt(url: string, token: string, deadlineSeconds: number): Promise<HttpResponse | Error> {
    const { maxBytes } = this.#options
    try {
      const request = { url, method: 'POST' as const, ...this.#profile.request(token) }
      return await exchange({ ...request, deadlineSeconds, maxBytes, transport: this.#transport })
    } catch (error) {
      return error instanceof Error ? error : new Error('no answer')
    }
  }

  #read(outcome: HttpResponse | Error, token: string): CallResult {
    if (outcome instanceof Error) {
      return { verdict: { fault: 'issuer_unavailable', detail: outcome.message } }
    }
    const { status, headers, text } = outcome
    const retryAfter = retryAfterSeconds(headers, this.#clock.now())
    const json = parseJson(text)
    const isUnwelcome = status === 401 || (status === 400 && isClientError(json))
    try {
      const verdict = this.#profile.read({ status, json }, token)
      return {
        verdict: 'fault' in verdict ? verdict : doubted(verdict, outcome, json),
        status,
        retryAfter,
        isUnwelcome,
      }
    } catch {
      // A reader written by hand that trips over an answer has not found anything out about the token.
      return {
        verdict: { fault: 'issuer_unavailable', detail: 'the answer could not be read' },
        status,
        retryAfter,
        isUnwelcome,
      }
    }
  }

  #note(verdict: RemoteResult, { kind }: CallOutcome): void {
    if (!('fault' in verdict)) {
      this.#lastSuccess = this.#clock.now()
      this.#failure = undefined
      this.#declinedInRow = 0
      return
    }
    // One question that is declined may be an odd token; when all are, nobody gets an answer.
    const isDeclined = kind === 'answered' || kind === 'declined'
    this.#declinedInRow = isDeclined ? this.#declinedInRow + 1 : 0
    if (!isDeclined || this.#declinedInRow >= this.#options.breakerAfter) {
      this.#lastFailure = this.#clock.now()
      this.#failure = verdict.detail
    }
  }
}

/** What is left of a statement about a token once it is known in what form it came. */
function doubted(verdict: IntrospectionResult, { headers, text }: HttpResponse, json: unknown): RemoteResult {
  if (isHtml(headers)) return { fault: 'issuer_unavailable', detail: 'the answer calls itself an HTML page' }
  if (!verdict.active || typeof json !== 'object' || json === null) return verdict
  // Whoever had the token issued may have chosen some of its claims: what is odd about them is held against it alone,
  // and not against the issuer, which others depend on.
  if (hasDuplicateMembers(text)) return invalid('the answer has a member twice')
  return freezeWithin(json, DEEPEST_NESTING) ? verdict : invalid('claims are nested too deep')
}

function invalid(detail: string): RemoteResult {
  return { active: false, reason: 'claim_invalid', detail }
}

/** What a question brought. */
interface CallResult {
  readonly verdict: RemoteResult
  readonly status?: number
  /** Seconds the issuer asked us to wait. */
  readonly retryAfter?: number | undefined
  /** The issuer will have none of us, whatever we ask. */
  readonly isUnwelcome?: boolean
}

const EVENT_OF = {
  opened: 'remote_failing',
  refused: 'credentials_refused',
  recovered: 'remote_recovered',
} as const satisfies Record<CircuitChange, string>

function outcomeOf({ verdict, status, retryAfter, isUnwelcome }: CallResult): CallOutcome {
  if (!('fault' in verdict)) return { kind: 'answered' }
  if (retryAfter !== undefined && (status === 429 || status === 503)) {
    return { kind: 'pause', seconds: retryAfter }
  }
  if (isUnwelcome === true) return { kind: 'failed', reason: 'issuer_refused_us' }
  if (status === 403) return { kind: 'declined' }
  // Counted as failures, these would let anyone's odd token stop everyone's questions.
  if (isRequestError(verdict, status)) return { kind: 'answered' }
  return { kind: 'failed', reason: 'issuer_unavailable' }
}

/** RFC 6749 section 5.2 lets a server say this with 400 as well as with 401. */
function isClientError(json: unknown): boolean {
  const error = isRecord(json) ? ownMember(json, 'error') : undefined
  return error === 'invalid_client' || error === 'unauthorized_client'
}

/** An issuer that finds fault with a question is there; 408 and 429 are about how it is doing. */
function isRequestError({ fault }: Failure, status: number | undefined): boolean {
  const isClientError = status !== undefined && status >= 400 && status < 500 && ![408, 429].includes(status)
  return fault === 'confirmation_impossible' || isClientError
}
