import type { Clock } from '../../util/clock.js'
import { TokenSourceError } from '../errors.js'
import { fingerprintOf, tokenDigest } from '../../model/token-digest.js'
import type { TokenRequestTrigger, TokenSourceEvent } from '../../model/token-source-event.js'
import { tokenChannel } from '../../telemetry/channels.js'
import { deliver } from '../../telemetry/deliver.js'
import type { ObserverList } from '../../telemetry/observer-list.js'
import type { TokenParameters } from '../grants/grant.js'
import type { TokenHealth } from '../health.js'
import type { HeldToken, Moment } from './held-token.js'

/** What the reports of a source share. */
export interface ReportSettings {
  /** Name of the factory. */
  readonly where: string
  readonly clock: Clock
  readonly observers: ObserverList<TokenSourceEvent>
  /** Whether a failed renewal was warned of. */
  readonly warned: { isWarned: boolean }
}

/** The start of a token request, and why it was sent. */
export interface StartedRequest {
  readonly requested: Moment
  readonly trigger: TokenRequestTrigger
}

/** Returns why a token is requested that replaces the usable one, if there is one. */
export function triggerOf(old: HeldToken | undefined): 'absent' | 'refused' | 'due' {
  if (old === undefined) return 'absent'
  return old.isRefused ? 'refused' : 'due'
}

type Recorded = Pick<TokenHealth, 'lastSuccess' | 'lastFailure' | 'reason' | 'failure'>

/** Reports what happens to the token of one set, in events, in `health()` and in a process warning. */
export class TokenReport {
  readonly #settings: ReportSettings
  readonly #parameters: TokenParameters
  #recorded: Recorded = {}

  constructor(settings: ReportSettings, parameters: TokenParameters) {
    this.#settings = settings
    this.#parameters = parameters
  }

  /** The part of the health that was recorded. */
  get health(): TokenParameters & Recorded {
    return { ...this.#parameters, ...this.#recorded }
  }

  obtained(held: HeldToken, { requested, trigger }: StartedRequest): void {
    const { clock } = this.#settings
    this.#recorded = {
      lastSuccess: clock.now(),
      ...(this.#recorded.lastFailure === undefined ? {} : { lastFailure: this.#recorded.lastFailure }),
    }
    const detail = held.isShared
      ? 'a token of another process was taken from the store'
      : 'a token was obtained'
    this.#report('token_obtained', detail, () => ({
      fingerprint: fingerprint(held.token),
      // Without a token request there is nothing to measure.
      ...(held.isShared
        ? {}
        : { trigger, durationMs: Math.round((clock.elapsed() - requested.elapsed) * 1000) }),
      ...(held.expiresAt === undefined ? {} : { expiresAt: held.expiresAt }),
    }))
  }

  /** `old` is the usable token, if there is one. */
  failed(error: unknown, { requested, trigger }: StartedRequest, old: HeldToken | undefined): void {
    if (!(error instanceof TokenSourceError) || error.reason === 'source_closed') return
    const { clock } = this.#settings
    const { reason, message, status, code, retryAfter } = error
    this.#recorded = { ...this.#recorded, lastFailure: clock.now(), reason, failure: message }
    this.#report('token_failed', message, () => ({
      reason,
      trigger,
      durationMs: Math.round((clock.elapsed() - requested.elapsed) * 1000),
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { code }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...usableUntil(old),
    }))
    if (old !== undefined) this.#warnOnce(error)
  }

  refused({ token }: HeldToken): void {
    this.#report('token_refused', 'an API refused the token', () => ({ fingerprint: fingerprint(token) }))
  }

  /** A change of the store of shared tokens, or an entry of it that was skipped. */
  store(change: 'failing' | 'recovered' | 'skipped', detail: string): void {
    this.#report(`store_${change}`, detail, () => ({}))
  }

  evicted(held: HeldToken): void {
    const detail = 'a usable token was removed from the cache. Raise maxTokens if this happens often'
    this.#report('token_evicted', detail, () => ({
      fingerprint: fingerprint(held.token),
      ...usableUntil(held),
    }))
  }

  #report(
    kind: TokenSourceEvent['kind'],
    detail: string,
    more: () => Partial<Omit<TokenSourceEvent, 'kind' | 'detail'>>,
  ): void {
    const { where, observers } = this.#settings
    deliver(() => ({ kind, source: where, ...this.#parameters, ...more(), detail }), observers, tokenChannel)
  }

  /** Without an observer, the operator would learn of failing renewals only when the token expires. */
  #warnOnce({ message }: TokenSourceError): void {
    const { where, observers, warned } = this.#settings
    if (!observers.isEmpty || warned.isWarned) return
    warned.isWarned = true
    process.emitWarning(
      `${where}: a token cannot be renewed: ${message}. The old token is used until it expires. ` +
        'Set onEvent to be notified in place of this warning, or read health()',
      { code: 'M2M_GUARD_RENEWAL_FAILED' },
    )
  }
}

function usableUntil(held: HeldToken | undefined): { readonly usableUntil?: number } {
  return held === undefined || !Number.isFinite(held.usableUntil) ? {} : { usableUntil: held.usableUntil }
}

/** Identifies a token in events. */
function fingerprint(token: string): string {
  return fingerprintOf(tokenDigest(token))
}
