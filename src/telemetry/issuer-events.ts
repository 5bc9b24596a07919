import type { IssuerObserver, TellIssuerEvent } from '../model/issuer-events.js'
import { adviceFor } from './failure-advice.js'
import { observe } from './observe.js'

/** Observers of a verifier, as far as changes of issuers are concerned. */
export interface IssuerObservers {
  readonly onIssuerEvent: IssuerObserver | undefined
  /** Whether `onDecision` is set, whose events report failures of an issuer too. */
  readonly hasDecisionObserver: boolean
  /** Whether a failure was warned of, for issuers that warn once together: the tenants of one issuer. */
  readonly warned?: { isWarned: boolean }
}

/** Functions that report on one issuer. */
export interface IssuerReports {
  /** Reports a change. */
  readonly tell: TellIssuerEvent
  /** Emits a process warning about the first failure of the issuer, unless an observer is set. */
  readonly warnOnce: (failure: string) => void
}

/**
 * Creates the functions that report on one issuer. Without an observer, rejected credentials and the first failure of the
 * issuer emit a process warning, because the operator would otherwise find no line about it in any log.
 */
export function issuerReports(
  { name: issuer, provider }: { readonly name: string; readonly provider: string },
  { onIssuerEvent, hasDecisionObserver, warned = { isWarned: false } }: IssuerObservers,
): IssuerReports {
  const isObserved = onIssuerEvent !== undefined || hasDecisionObserver
  const warnOnce = (failure: string): void => {
    if (isObserved || warned.isWarned) return
    warned.isWarned = true
    process.emitWarning(firstFailure(issuer, failure), { code: 'M2M_GUARD_ISSUER_FAILURE' })
  }
  const tell: TellIssuerEvent = (kind, detail) => {
    if (onIssuerEvent !== undefined) observe(onIssuerEvent, () => ({ kind, issuer, provider, detail }))
    else if (kind === 'credentials_refused') {
      process.emitWarning(`${issuer}: ${detail}`, { code: 'M2M_GUARD_CREDENTIALS_REFUSED' })
    } else if (kind === 'keys_failing') warnOnce(detail)
  }
  return { tell, warnOnce }
}

function firstFailure(issuer: string, failure: string): string {
  const advice = adviceFor(failure.replace(/^(?:key set|discovery document|introspection): /, ''))
  return (
    `${issuer}: ${failure}. ${advice === '' ? '' : `${advice}. `}` +
    'Tokens that cannot be checked get 503. Set onIssuerEvent to be notified in place of this warning'
  )
}
