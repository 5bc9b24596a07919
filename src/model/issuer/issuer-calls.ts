import type { RefusalReason } from '../refusal/reasons.js'

/**
 * Purpose of a call to an issuer:
 *
 * - `keys`: fetches the key set, and the discovery document first if that has to be fetched too.
 * - `discovery`: fetches the discovery document.
 * - `introspection`: introspects a token, with the retry after a temporary failure.
 * - `probe`: introspects a random token, to distinguish a failing issuer from one unusual token.
 */
export type IssuerCallKind = 'keys' | 'discovery' | 'introspection' | 'probe'

/** A call to an issuer. It never contains a token. Frozen. */
export interface IssuerCall {
  /** Purpose of the call. */
  readonly kind: IssuerCallKind
  /** Name of the configured issuer; the `iss` of the tenant if the call concerns one tenant only. */
  readonly issuer: string
  /** Kind of that issuer, such as `oauth` or `clerk`. */
  readonly provider: string
}

/** Result of a call to an issuer. Frozen. */
export interface IssuerCallResult {
  /** Duration of the call, in milliseconds with fractions. */
  readonly durationMs: number
  /**
   * Why the call failed: `keys_unavailable`, `issuer_unavailable`, `issuer_refused_us`, `issuer_overloaded` or
   * `confirmation_impossible`. Absent if it succeeded. An inactive token is a success.
   */
  readonly reason?: RefusalReason
}

/** What an observer does while a call to an issuer runs. */
export interface IssuerCallWatch {
  /**
   * Calls `start`, which sends the request, for example in the context of a span. If it does not call `start`, or throws,
   * the request is sent anyway, and it is never sent twice.
   */
  readonly run?: (start: () => void) => unknown
  /** Called once when the call has ended. Its result and its errors are ignored. */
  readonly end?: (result: IssuerCallResult) => unknown
}

/** Observer of calls to issuers, called before each one. Its errors are ignored. */
export type IssuerCallObserver = (call: IssuerCall) => IssuerCallWatch | undefined

/**
 * Makes a call to one issuer and reports it to the observers. A rejected promise counts as `keys_unavailable`.
 *
 * @param reasonOf - returns why the call failed, from its result.
 */
export type ReportCall = <T>(
  kind: IssuerCallKind,
  start: () => Promise<T>,
  reasonOf?: (result: T) => RefusalReason | undefined,
) => Promise<T>
