import { explain } from '../model/detail/explain.js'
import { createCause, Refusal } from '../model/refusal/refusal.js'
import { Capacity, type Share } from '../util/capacity.js'
import type { CredentialLimits, RenewableCredential } from './renewable-credential.js'

/** What the calls to one issuer may hold at the same time. */
export interface CallLimits {
  /** Calls in flight, including the probe. */
  readonly inFlight: Share
  /** Ended calls that wait for the probe. */
  readonly probing: Share
  /** Calls that wait for discovery. */
  readonly discovering: Share
}

/** What one tenant shares with the other tenants of its issuer. */
export interface SharedCalls {
  readonly limits: (maxInFlight: number) => CallLimits
  /** The credential that all tenants have in common; `undefined` if each reads its own. */
  readonly credential: ((limits: CredentialLimits) => RenewableCredential) | undefined
}

/** The limits of an issuer without tenants: `maxInFlight` for each. */
export function limitsOfIssuer(maxInFlight: number): CallLimits {
  const whole = (): Share => new Capacity(maxInFlight).whole()
  return { inFlight: whole(), probing: whole(), discovering: whole() }
}

/** Creates the refusal of a call that finds no room among those in flight. */
export function tooManyCalls({ used: count, own, most }: Share): Refusal {
  return new Refusal('issuer_overloaded', {
    cause: createCause(`${count} calls to the issuer are in flight, and remote.maxInFlight limits them`),
    detail:
      count >= most
        ? explain('issuer_overloaded', 'calls', { count })
        : explain('issuer_overloaded', 'tenant_calls', { count, own }),
  })
}

/** Creates the refusal of a call that finds no room among those that wait for discovery. */
export function tooManyDiscovering({ used: count }: Share): Refusal {
  return new Refusal('issuer_overloaded', {
    cause: createCause(`${count} calls wait for the discovery document, and remote.maxInFlight limits them`),
    detail: explain('issuer_overloaded', 'discovery', { count }),
  })
}
