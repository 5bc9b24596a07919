/**
 * What happened to an issuer's keys or its endpoint: `keys_failing` and `keys_recovered` (an outage of its key set and its
 * discovery document begins, also for a set without a usable key, and both can be used again), `keys_replaced` (a fetch brought none of the earlier keys),
 * `remote_failing` and `remote_recovered` (the issuer is left alone after failures, and answers again),
 * `credentials_refused` (the issuer refuses our own credentials; once per pause).
 */
export type IssuerEventKind =
  | 'keys_failing'
  | 'keys_recovered'
  | 'keys_replaced'
  | 'remote_failing'
  | 'remote_recovered'
  | 'credentials_refused'

/** Told once per change, not per request. */
export interface IssuerEvent {
  readonly kind: IssuerEventKind
  /** The configured issuer's name. */
  readonly issuer: string
  readonly provider: string
  /** In words for a log; quotes no token and no credential. */
  readonly detail: string
}

/** Called once per change. Whatever it does, gives back or throws changes nothing. */
export type IssuerObserver = (event: IssuerEvent) => unknown

/** Tells one issuer's changes. */
export type TellIssuerEvent = (kind: IssuerEventKind, detail: string) => void
