import type { Clock } from '../util/clock.js'
import type { ReportCall } from '../model/issuer/issuer-calls.js'
import type { TellIssuerEvent } from '../model/issuer/issuer-events.js'
import { adviceFor } from './failure-advice.js'
import { callReports } from './issuer-calls.js'
import type { Observers } from './observers.js'

/** Observers of a verifier, as far as issuers are concerned. */
export interface IssuerObservers {
  readonly observers: Observers
  /** Whether the option `onDecision` is set, whose events report failures of an issuer too. */
  readonly hasDecisionObserver: boolean
  /** What the tenants of one issuer, which warn together, have warned of. */
  readonly warned?: SharedWarnings
}

/** Warnings of several issuers that warn together. */
interface SharedWarnings {
  /** Whether a failure was warned of. */
  isWarned: boolean
  /** Whether a warning about rejected credentials is due. It is then counted as emitted. */
  readonly mayWarnOfCredentials: () => boolean
}

/** Minimum seconds between two warnings about rejected credentials of the tenants of one issuer. */
const WARNING_PAUSE = 60

/** Creates the state of the warnings of the tenants of one issuer. */
export function sharedWarnings(clock: Clock): SharedWarnings {
  let next = Number.NEGATIVE_INFINITY
  return {
    isWarned: false,
    mayWarnOfCredentials() {
      const now = clock.elapsed()
      if (now < next) return false
      next = now + WARNING_PAUSE
      return true
    },
  }
}

/** Functions that report on one issuer. */
export interface IssuerReports {
  /** Reports a change. */
  readonly tell: TellIssuerEvent
  /** Emits a process warning about the first failure of the issuer, unless an observer is set. */
  readonly warnOnce: (failure: string) => void
  /** Makes a call to the issuer and reports it. */
  readonly reportCall: ReportCall
}

/**
 * Creates the functions that report on one issuer. Without an observer, rejected credentials and the first failure of the
 * issuer emit a process warning, because the operator would otherwise find no line about it in any log. Observers of
 * decisions that `verifier.observe()` adds do not count, because telemetry writes no log.
 */
export function issuerReports(
  issuer: { readonly name: string; readonly provider: string },
  { observers, hasDecisionObserver, warned = ownWarnings() }: IssuerObservers,
): IssuerReports {
  const { name, provider } = issuer
  const warnOnce = (failure: string): void => {
    if (observers.areIssuersObserved || hasDecisionObserver || warned.isWarned) return
    warned.isWarned = true
    process.emitWarning(firstFailure(name, failure), { code: 'M2M_GUARD_ISSUER_FAILURE' })
  }
  const tell: TellIssuerEvent = (kind, detail) => {
    observers.reportIssuerEvent(() => ({ kind, issuer: name, provider, detail }))
    if (observers.areIssuersObserved) return
    if (kind === 'credentials_refused') {
      if (!warned.mayWarnOfCredentials()) return
      process.emitWarning(`${name}: ${detail}`, { code: 'M2M_GUARD_CREDENTIALS_REFUSED' })
    } else if (kind === 'keys_failing') warnOnce(detail)
  }
  return { tell, warnOnce, reportCall: callReports(issuer, observers) }
}

/** The warnings of one issuer, whose rejected credentials are reported once per rejection. */
function ownWarnings(): SharedWarnings {
  return { isWarned: false, mayWarnOfCredentials: () => true }
}

function firstFailure(issuer: string, failure: string): string {
  const advice = adviceFor(failure.replace(/^(?:key set|discovery document|introspection): /, ''))
  return (
    `${issuer}: ${failure}. ${advice === '' ? '' : `${advice}. `}` +
    'Tokens that cannot be checked get 503. Set onIssuerEvent to be notified in place of this warning'
  )
}
