import type { IssuerObserver, TellIssuerEvent } from '../model/issuer-events.js'
import { observe } from './observe.js'

/**
 * Creates the function that reports changes of one issuer. Without an observer, rejected credentials emit a process
 * warning, because only an operator can correct them. Other changes are not reported.
 */
export function issuerEvents(
  { name: issuer, provider }: { readonly name: string; readonly provider: string },
  observer: IssuerObserver | undefined,
): TellIssuerEvent {
  return (kind, detail) => {
    if (observer !== undefined) observe(observer, () => ({ kind, issuer, provider, detail }))
    else if (kind === 'credentials_refused') {
      process.emitWarning(`${issuer}: ${detail}`, { code: 'M2M_GUARD_CREDENTIALS_REFUSED' })
    }
  }
}
