import type { CallLimits, SharedCalls } from '../../introspection/call-limits.js'
import { RenewableCredential } from '../../introspection/renewable-credential.js'
import { MOST_REFETCHED, RefetchLimit } from '../../keys/refetch-limit.js'
import type { SharedKeyLimits } from '../../keys/remote-key-set.js'
import { WaitingLimits } from '../../keys/waiting-tokens.js'
import { explain } from '../../model/detail/explain.js'
import { Refusal } from '../../model/refusal/refusal.js'
import { Capacity } from '../../util/capacity.js'
import type { Clock } from '../../util/clock.js'

/**
 * Limits of an issuer that apply to all its tenants together. Otherwise forged tokens of many tenants would multiply the
 * memory and the calls that one issuer may cost.
 */
export class TenantLimits {
  readonly #waiting = { listed: new WaitingLimits(), unlisted: new WaitingLimits() }
  readonly #refetches: RefetchLimit
  #calls: Readonly<Record<keyof CallLimits, Capacity>> | undefined
  #credential: RenewableCredential | undefined
  /** What the calls of every tenant share. */
  readonly calls: SharedCalls

  /** @param readCredential - reads the credential that all tenants have in common; `undefined` if each reads its own. */
  constructor(clock: Clock, readCredential: (() => unknown) | undefined) {
    this.#refetches = new RefetchLimit(clock)
    this.calls = {
      limits: (maxInFlight) => this.#limitsOfCalls(maxInFlight),
      credential:
        readCredential &&
        ((limits) => (this.#credential ??= new RenewableCredential(readCredential, limits, clock))),
    }
  }

  /** The limits of a tenant's keys. */
  ofKeys(tenant: string): SharedKeyLimits {
    return {
      listed: this.#waiting.listed.part(),
      unlisted: this.#waiting.unlisted.part(),
      refuseRefetch: (period) => this.#refuseRefetch(tenant, period),
    }
  }

  #limitsOfCalls(maxInFlight: number): CallLimits {
    const { inFlight, probing, discovering } = (this.#calls ??= {
      inFlight: new Capacity(maxInFlight),
      probing: new Capacity(maxInFlight),
      discovering: new Capacity(maxInFlight),
    })
    return { inFlight: inFlight.part(), probing: probing.part(), discovering: discovering.part() }
  }

  #refuseRefetch(tenant: string, period: number): Refusal | undefined {
    if (this.#refetches.admit(tenant, period)) return undefined
    const next = this.#refetches.secondsToNextPeriod()
    return new Refusal('issuer_overloaded', {
      retryAfterSeconds: next,
      detail: explain('issuer_overloaded', 'refetches', { count: MOST_REFETCHED, period, next }),
    })
  }
}
