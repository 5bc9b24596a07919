import { within } from '../util/abort.js'
import type { Clock } from '../util/clock.js'
import { Deadline } from '../http/deadline.js'
import type { Transport } from '../http/transport/transport.js'
import type { ConfirmationResult, RemoteProfile, RemoteResult } from '../model/issuer/remote-profile.js'
import type { ReportCall } from '../model/issuer/issuer-calls.js'
import type { TellIssuerEvent } from '../model/issuer/issuer-events.js'
import { createCause, Refusal, type OrRefusal, isRefusal } from '../model/refusal/refusal.js'
import { explainFault, withUrl } from './fault-detail.js'
import type { Awaitable } from '../util/awaitable.js'
import { limitsOfIssuer, tooManyDiscovering, type CallLimits, type SharedCalls } from './call-limits.js'
import { REMOTE_DEFAULTS } from './options.js'
import type { RemoteSettings } from '../model/issuer/issuer-settings.js'
import { CircuitBreaker, type CallOutcome, type CircuitChange, type ProbeOutcome } from './circuit-breaker.js'
import { EndpointCalls, type ResponseReader } from './endpoint-calls.js'
import {
  faultOf,
  outcomeOf,
  reasonOf,
  type CallResult,
  type Failure,
  type Inactive,
  type Introspected,
  type Statement,
} from './outcome.js'
import { markOutage } from './outage.js'
import type { AnswerNeeds, Asked, IssuerAnswers } from './issuer-answers.js'
import { isCompactJws, opaqueProbeToken, probeToken, type ProbeTokenForm } from './probe-token.js'
import { readShared, toConfirmation } from './read-result.js'

/** State of an issuer's introspection endpoint, returned by `verifier.health()`. */
export interface RemoteHealth {
  /** `ok`; `degraded` if the latest call failed; `down` if it failed and no call has succeeded yet. */
  readonly status: 'ok' | 'degraded' | 'down'
  /** State of the circuit breaker. `open`: no calls after repeated failures. `half-open`: a single trial call is allowed. */
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** Time of the last successful call, in seconds since the epoch; absent before the first. */
  readonly lastSuccess?: number
  /** Time of the last failed call, in seconds since the epoch; absent before the first. */
  readonly lastFailure?: number
  /** Why the latest call failed; absent if it succeeded. */
  readonly failure?: string
}

/** The response to a probe, and what it says about the issuer. */
interface Probed {
  readonly result: CallResult<RemoteResult>
  readonly outcome: ReturnType<typeof outcomeOf>
}

/** Connections and reports of {@link Introspector}. */
interface IntrospectorSettings {
  readonly transport: Transport
  readonly tell: TellIssuerEvent
  /** Warns of the first failure, if there is no observer. */
  readonly warnOnce: (failure: string) => void
  readonly reportCall: ReportCall
  /** What a tenant shares with the other tenants of its issuer; `undefined` if the issuer has no tenants. */
  readonly shared?: SharedCalls | undefined
  /** Shares the responses with other processes; `undefined` if they are not shared. */
  readonly answers?: IssuerAnswers | undefined
}

/** Introspects tokens at one issuer. Every call has a deadline, and every failure is undecidable, never a 401. */
export class Introspector {
  readonly #profile: RemoteProfile
  readonly #tokenForm: ProbeTokenForm
  readonly #options: RemoteSettings
  readonly #endpoint: () => Awaitable<OrRefusal<string>>
  readonly #calls: EndpointCalls
  readonly #warnOnce: (failure: string) => void
  readonly #reportCall: ReportCall
  readonly #clock: Clock
  readonly #circuit: CircuitBreaker
  #lastSuccess: number | undefined
  #lastFailure: number | undefined
  #failure: string | undefined
  /** Time of the first failure in a row, in seconds since the epoch. */
  #failingSince: number | undefined
  /** URL of the last call. */
  #url: string | undefined
  #consecutiveDeclined = 0
  /** Number of results about tokens that the issuer has sent. */
  #results = 0
  readonly #limits: CallLimits
  readonly #answers: IssuerAnswers | undefined

  constructor(
    profile: RemoteProfile,
    endpoint: () => Awaitable<OrRefusal<string>>,
    clock: Clock,
    settings: ProbeTokenForm & IntrospectorSettings,
  ) {
    this.#profile = profile
    this.#tokenForm = settings
    this.#options = { ...REMOTE_DEFAULTS, ...profile.options }
    this.#endpoint = endpoint
    this.#clock = clock
    const { shared, transport } = settings
    this.#limits = (shared?.limits ?? limitsOfIssuer)(this.#options.maxInFlight)
    this.#calls = new EndpointCalls(profile, this.#options, clock, transport, shared?.credential)
    this.#warnOnce = settings.warnOnce
    this.#reportCall = settings.reportCall
    this.#answers = settings.answers
    this.#circuit = new CircuitBreaker(
      this.#options,
      clock,
      (change) => {
        settings.tell(EVENT_OF[change], this.#failure ?? 'the issuer responds again')
      },
      () => withUrl(this.#failure ?? 'calls have failed', this.#url),
      this.#limits,
    )
  }

  /** Lifetimes of cached active and inactive results, in seconds. */
  get lifetimes(): { readonly active: number; readonly inactive: number } {
    return { active: this.#options.lifetime, inactive: this.#options.refusedLifetime }
  }

  /**
   * Introspects a token. Refusal `issuer_unavailable`, `issuer_refused_us` or `issuer_overloaded` (undecidable), or
   * `confirmation_impossible`.
   */
  introspect(token: string, needs?: AnswerNeeds): Promise<OrRefusal<Introspected<RemoteResult>>> {
    return this.#resolve(token, this.#profile.read, isCompactJws(token), needs)
  }

  /** Introspects a JWT whose signature was verified. The response may omit any fact. */
  confirm(token: string, needs?: AnswerNeeds): Promise<OrRefusal<Introspected<ConfirmationResult>>> {
    const { read, readConfirmation } = this.#profile
    return this.#resolve<ConfirmationResult>(
      token,
      readConfirmation ?? ((...args) => toConfirmation(read(...args))),
      false,
      needs,
    )
  }

  /** Whether the results of this issuer are shared with other processes. */
  get isShared(): boolean {
    return this.#answers !== undefined
  }

  /** Deletes the result of a token that other processes could use. */
  forget(token: string): void {
    this.#answers?.forget(token)
  }

  /** Uses the result of another process if it is recent enough, or calls the issuer. */
  async #resolve<T extends Statement>(
    token: string,
    read: ResponseReader<T>,
    mayBeForgedJwt: boolean,
    needs: AnswerNeeds | undefined,
  ): Promise<OrRefusal<Introspected<T>>> {
    const ask = (): Promise<Asked<OrRefusal<Introspected<T>>>> => this.#call(token, read, mayBeForgedJwt)
    if (this.#answers === undefined || needs === undefined) return (await ask()).result
    return this.#answers.resolve<OrRefusal<Introspected<T>>, T | Failure | Inactive>(token, needs, {
      ask,
      mayCall: () => this.#circuit.state() === 'closed',
      read: (response) => readShared(read, response, token),
      toResult: (statement, age) => ({ ...(statement as Introspected<T>), age }),
    })
  }

  async #call<T extends Statement>(
    token: string,
    read: ResponseReader<T>,
    mayBeForgedJwt: boolean,
  ): Promise<Asked<OrRefusal<Introspected<T>>>> {
    const endpoint = this.#endpoint()
    const url = endpoint instanceof Promise ? await this.#waitFor(endpoint) : endpoint
    if (isRefusal(url)) return { result: markOutage(url) }
    this.#url = url
    const limit = new Deadline(this.#options.deadline)
    const completed = await this.#circuit.run(
      async () => {
        const call = (): Promise<CallResult<T>> => this.#calls.call(url, token, read)
        const result = await this.#reportCall('introspection', call, reasonOf)
        const outcome = outcomeOf(result)
        if (outcome.kind !== 'unreadable') this.#note(result.statement, outcome)
        return { result, outcome }
      },
      () => this.#probe(url, token, mayBeForgedJwt),
    )
    if (isRefusal(completed)) return { result: markOutage(completed) }
    const { statement, retryAfter, response } = completed.result
    if (!('fault' in statement))
      return { result: statement as Introspected<T>, answer: response && { response, statement } }
    const isOutage = await this.#withinDeadline(completed.recorded, limit)
    const reason = faultOf(statement, completed.result)
    const refusal = new Refusal(reason, {
      cause: createCause(statement.detail),
      retryAfterSeconds: this.#circuit.secondsToNextCall() ?? retryAfter,
      detail: explainFault(
        reason,
        completed.result.isUnsent === true ? statement.detail : withUrl(statement.detail, url),
        this.#failingSince ?? this.#clock.now(),
        token,
        completed.result.isUnsent === true,
      ),
    })
    return { result: isOutage ? markOutage(refusal) : refusal }
  }

  /** Waits for discovery. The number of waiting calls is limited, because each keeps its token in memory. */
  async #waitFor(endpoint: Promise<OrRefusal<string>>): Promise<OrRefusal<string>> {
    const { discovering } = this.#limits
    if (!discovering.hasRoom()) return tooManyDiscovering(discovering)
    discovering.take()
    try {
      return await endpoint
    } finally {
      discovering.release()
    }
  }

  /** Introspects a random token, to distinguish a failing issuer from one unusual token. */
  async #probe(url: string, failedToken: string, mayBeForgedJwt: boolean): Promise<ProbeOutcome> {
    const resultsBefore = this.#results
    const { result, outcome } = await this.#sendProbes(url, failedToken, mayBeForgedJwt)
    const settled: CallOutcome =
      outcome.kind === 'unreadable' ? { kind: 'failed', reason: 'issuer_unavailable' } : outcome
    // Only a result counts: a filter in front of an issuer that is down may send an error response.
    const isResponding = this.#results > resultsBefore && this.#circuit.state() === 'closed'
    if (settled.kind === 'failed' && isResponding) return { kind: 'outdated' }
    this.#note(result.statement, settled)
    return settled
  }

  /**
   * Sends a probe in the format of the failed token. If the response is unreadable and the token is a JWT that was not
   * verified, an opaque probe follows, because some issuers respond 500 to every JWT with an invalid signature. The opaque
   * probe counts only if the issuer sends a result for it.
   */
  async #sendProbes(url: string, failedToken: string, mayBeForgedJwt: boolean): Promise<Probed> {
    const send = async (token: string): Promise<Probed> => {
      const call = (): Promise<CallResult<RemoteResult>> => this.#calls.call(url, token, this.#profile.read)
      const result = await this.#reportCall('probe', call, reasonOf)
      return { result, outcome: outcomeOf(result) }
    }
    const probed = await send(probeToken(failedToken, this.#tokenForm))
    if (probed.outcome.kind !== 'unreadable' || !mayBeForgedJwt) return probed
    const opaque = await send(opaqueProbeToken(this.#tokenForm))
    return 'fault' in opaque.result.statement ? probed : opaque
  }

  /** Waits for a probe within the deadline of the caller's call. The probe has a separate deadline. */
  async #withinDeadline(recorded: Promise<boolean>, limit: Deadline): Promise<boolean> {
    const late = (): Error => new Error('the probe did not end within the deadline of the call')
    return within({ seconds: limit.remaining(), late }, () => recorded).catch(() => false)
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

  #note(statement: Statement, outcome: CallOutcome): void {
    const { kind } = outcome
    if (!('fault' in statement)) {
      this.#results += 1
      this.#lastSuccess = this.#clock.now()
      this.#failure = undefined
      this.#failingSince = undefined
      this.#consecutiveDeclined = 0
      return
    }
    this.#failingSince ??= this.#clock.now()
    // One declined call may be caused by an unusual token. Several consecutive ones are a failure of the endpoint.
    const isDeclined = kind === 'completed' || kind === 'declined'
    this.#consecutiveDeclined = isDeclined ? this.#consecutiveDeclined + 1 : 0
    if (!isDeclined || this.#consecutiveDeclined >= this.#options.breakerAfter) {
      this.#lastFailure = this.#clock.now()
      this.#failure = statement.detail
      const isRejected = isDeclined || (kind === 'failed' && outcome.reason === 'issuer_refused_us')
      // Rejected credentials have a warning of their own.
      if (!isRejected) this.#warnOnce(`introspection: ${withUrl(statement.detail, this.#url)}`)
    }
  }
}

const EVENT_OF = {
  opened: 'remote_failing',
  refused: 'credentials_refused',
  recovered: 'remote_recovered',
} as const satisfies Record<CircuitChange, string>
