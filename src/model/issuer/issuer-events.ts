/**
 * Kind of a change at an issuer:
 *
 * - `keys_failing`: an outage of the key set or the discovery document begins. A key set without a usable key counts.
 * - `keys_recovered`: the key set and the discovery document are usable again.
 * - `keys_replaced`: a fetched key set contains none of the earlier keys.
 * - `remote_failing`: the circuit opened after repeated failures, so the issuer is not called for a while.
 * - `remote_recovered`: the issuer responds again.
 * - `credentials_refused`: the issuer rejects this service's own credentials. Reported once until it has responded to a call again.
 * - `answers_failing`: the store of the option `answers` fails or is too slow. It is not used for a while.
 * - `answers_recovered`: that store is used again.
 * - `answer_skipped`: that store has an entry or a lease of another program, or waiting for leases brought no result. Reported at most
 *   once a minute.
 */
export type IssuerEventKind =
  | 'keys_failing'
  | 'keys_recovered'
  | 'keys_replaced'
  | 'remote_failing'
  | 'remote_recovered'
  | 'credentials_refused'
  | 'answers_failing'
  | 'answers_recovered'
  | 'answer_skipped'

/** Event that describes a change at an issuer. There is one event per change, not one per request. */
export interface IssuerEvent {
  /** Kind of the change. */
  readonly kind: IssuerEventKind
  /** Name of the configured issuer. */
  readonly issuer: string
  /** Kind of that issuer, such as `oauth` or `clerk`. */
  readonly provider: string
  /** Description for logs. It contains no token and no credential. */
  readonly detail: string
}

/** Observer of changes at issuers, called once per change. Its result and its errors are ignored. */
export type IssuerObserver = (event: IssuerEvent) => unknown

/** Reports a change at one issuer. */
export type TellIssuerEvent = (kind: IssuerEventKind, detail: string) => void
