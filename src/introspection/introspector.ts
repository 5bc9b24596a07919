import { within } from '../util/abort.js'
import type { Clock } from '../util/clock.js'
import { timers } from '../util/timers.js'
import { exchange } from '../http/exchange.js'
import { UnreadableResponseError } from '../http/exchange-error.js'
import { isHtml } from '../http/media-type.js'
import type { HttpResponse } from '../http/transport/messages.js'
import type { Transport } from '../http/transport/transport.js'
import { retry } from '../http/retry.js'
import { retryAfterSeconds } from '../http/retry-after.js'
import { parseJson } from '../util/json.js'
import { DEEPEST_NESTING, freezeWithin } from '../util/freeze.js'
import type { ConfirmationResult, RemoteProfile, RemoteResponse, RemoteResult } from '../model/issuer.js'
import type { TellIssuerEvent } from '../model/issuer-events.js'
import { Refusal, type OrRefusal, isRefusal } from '../model/refusal.js'
import type { Awaitable } from '../util/awaitable.js'
import { REMOTE_DEFAULTS } from './options.js'
import type { RemoteSettings } from '../model/issuer.js'
import { hasDuplicateMembers } from './duplicate-members.js'
import { CircuitBreaker, type CallOutcome, type CircuitChange } from './circuit-breaker.js'
import {
  isClientError,
  outcomeOf,
  type CallResult,
  type Failure,
  type Inactive,
  type Verdict,
} from './outcome.js'
import { markOutage } from './outage.js'
import { probeToken, type ProbeTokenForm } from './probe-token.js'

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

/** A definitive result: active with facts, or inactive with a reason. */
type Definitive<T extends Verdict> = Extract<T, { active: boolean }>

type Reader<T extends Verdict> = (response: RemoteResponse, token: string) => T

/** The shortest and the longest pause before a second attempt, in seconds. */
const RETRY_PAUSES = [0.02, 0.12] as const

/** Introspects tokens at one issuer. Every call is bounded, and every failure is an undecidable. */
export class Introspector {
  readonly #profile: RemoteProfile
  readonly #tokenForm: ProbeTokenForm
  readonly #options: RemoteSettings
  readonly #endpoint: () => Awaitable<OrRefusal<string>>
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #circuit: CircuitBreaker
  #lastSuccess: number | undefined
  #lastFailure: number | undefined
  #failure: string | undefined
  #declinedInRow = 0
  /** How many calls wait for discovery. */
  #waiting = 0

  constructor(
    profile: RemoteProfile,
    endpoint: () => Awaitable<OrRefusal<string>>,
    clock: Clock,
    settings: ProbeTokenForm & { readonly transport: Transport; readonly tell: TellIssuerEvent },
  ) {
    this.#profile = profile
    this.#tokenForm = settings
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
  introspect(token: string): Promise<OrRefusal<Definitive<RemoteResult>>> {
    return this.#call(token, this.#profile.read)
  }

  /** Introspects a JWT whose signature was verified: what the response does not state is not required. */
  confirm(token: string): Promise<OrRefusal<Definitive<ConfirmationResult>>> {
    const { read, readConfirmation } = this.#profile
    return this.#call<ConfirmationResult>(token, readConfirmation ?? ((...call) => asStated(read(...call))))
  }

  async #call<T extends Verdict>(token: string, read: Reader<T>): Promise<OrRefusal<Definitive<T>>> {
    const endpoint = this.#endpoint()
    const url = endpoint instanceof Promise ? await this.#waitFor(endpoint) : endpoint
    if (isRefusal(url)) return markOutage(url)
    const started = timers.elapsed()
    const completed = await this.#circuit.run(
      async () => {
        const result = await this.#callWithRetry(url, token, read)
        const outcome = outcomeOf(result)
        if (outcome.kind !== 'unreadable') this.#note(result.verdict, outcome)
        return { result, outcome }
      },
      () => this.#probe(url, token),
    )
    if (isRefusal(completed)) return markOutage(completed)
    const { verdict, retryAfter, status } = completed.result
    if (!('fault' in verdict)) return verdict as Definitive<T>
    const isOutage = await this.#withinDeadline(completed.recorded, started)
    // A 429 may be our own callers' doing: it must not pass for an outage of the issuer.
    const refusal = new Refusal(status === 429 ? 'issuer_overloaded' : verdict.fault, {
      cause: new Error(verdict.detail),
      retryAfterSeconds: this.#circuit.secondsToNextCall() ?? retryAfter,
    })
    return isOutage ? markOutage(refusal) : refusal
  }

  /** Calls that wait for discovery are limited as those in flight are, because each keeps its token in memory. */
  async #waitFor(endpoint: Promise<OrRefusal<string>>): Promise<OrRefusal<string>> {
    if (this.#waiting >= this.#options.maxInFlight) {
      return new Refusal('issuer_overloaded', {
        cause: new Error(`${this.#waiting} calls wait for the discovery document`),
      })
    }
    this.#waiting += 1
    try {
      return await endpoint
    } finally {
      this.#waiting -= 1
    }
  }

  /** Introspects a token that the issuer cannot know: whether it is the issuer that fails, or one odd token. */
  async #probe(url: string, asked: string): Promise<CallOutcome> {
    const token = probeToken(asked, this.#tokenForm)
    const result = await this.#callWithRetry(url, token, this.#profile.read)
    const outcome = outcomeOf(result)
    const settled: CallOutcome =
      outcome.kind === 'unreadable' ? { kind: 'failed', reason: 'issuer_unavailable' } : outcome
    this.#note(result.verdict, settled)
    return settled
  }

  /** The caller waits for a probe only as long as for its own call; the probe has a deadline of its own. */
  async #withinDeadline(recorded: Promise<boolean>, started: number): Promise<boolean> {
    const seconds = Math.max(0, this.#options.deadline - (timers.elapsed() - started))
    const late = (): Error => new Error('the probe takes longer')
    return within({ seconds, signal: undefined, late }, () => recorded).catch(() => false)
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
  async #callWithRetry<T extends Verdict>(
    url: string,
    token: string,
    read: Reader<T>,
  ): Promise<CallResult<T>> {
    const { deadline: deadlineSeconds, retries } = this.#options
    const settings = { deadlineSeconds, retries, pauses: RETRY_PAUSES }
    const outcome = await retry(settings, (left) => this.#attempt(url, token, left))
    return this.#read(outcome, token, read)
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

  #read<T extends Verdict>(outcome: HttpResponse | Error, token: string, read: Reader<T>): CallResult<T> {
    if (outcome instanceof Error) {
      return {
        verdict: { fault: 'issuer_unavailable', detail: outcome.message },
        isUnreadable: outcome instanceof UnreadableResponseError,
      }
    }
    const { status, headers, text } = outcome
    const retryAfter = retryAfterSeconds(headers, this.#clock.now())
    const json = parseJson(text)
    const isUnwelcome = status === 401 || (status === 400 && isClientError(json))
    try {
      const verdict = read({ status, json }, token)
      return { verdict: unlessDoubtful(verdict, outcome, json), status, retryAfter, isUnwelcome }
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

  #note(verdict: Verdict, { kind }: CallOutcome): void {
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

/** Rejects an active result that came as an HTML page, with duplicate members, or nested too deeply. */
function unlessDoubtful<T extends Verdict>(
  verdict: T,
  { headers, text }: HttpResponse,
  json: unknown,
): T | Failure | Inactive {
  if ('fault' in verdict) return verdict
  if (isHtml(headers)) return { fault: 'issuer_unavailable', detail: 'the response is an HTML page' }
  if (!verdict.active || typeof json !== 'object' || json === null) return verdict
  // A client may have chosen some of the claims: what is odd about them is held against its token alone, and not
  // against the issuer, which others depend on.
  if (hasDuplicateMembers(text)) return invalid('the response has a member twice')
  return freezeWithin(json, DEEPEST_NESTING) ? verdict : invalid('claims are nested too deep')
}

function invalid(detail: string): Inactive {
  return { active: false, reason: 'claim_invalid', detail }
}

/** What a reader for any token says of a JWT: an empty audience is a response that names none. */
function asStated(result: RemoteResult): ConfirmationResult {
  if ('fault' in result || !result.active) return result
  const { audience, ...facts } = result.facts
  return { active: true, facts: audience.length === 0 ? facts : { ...facts, audience } }
}

const EVENT_OF = {
  opened: 'remote_failing',
  refused: 'credentials_refused',
  recovered: 'remote_recovered',
} as const satisfies Record<CircuitChange, string>
