import type { Revocation } from '../model/revocation.js'
import type { Duration } from '../options/duration.js'

/** Members that every target of a revocation has. */
interface TargetBase {
  /**
   * Why, for logs: at most 200 characters. It appears in {@link Revocations.list}, in events and in the `detail` of
   * refusals, never in a response.
   */
  readonly reason?: string
}

/** Target of a revocation: one token, by its identifier. */
export interface TokenIdTarget extends TargetBase {
  /** The `iss` of the token, or the configured issuer's name. */
  readonly issuer: string
  /** The token's `jti`. */
  readonly tokenId: string
  /**
   * Expiry of the token (`exp`), in seconds since the epoch or as a `Date`. The entry is dropped an hour later.
   *
   * @defaultValue unknown: the entry is never dropped
   */
  readonly expiresAt?: number | Date
}

/** Target of a revocation: the tokens of a client that were issued before a time. */
export interface ClientTarget extends TargetBase {
  /** The `iss` of the tokens, or the configured issuer's name. */
  readonly issuer: string
  /** Client id. The subject of a token is compared if the token names no client. */
  readonly clientId: string
  /**
   * Time before which the refused tokens were issued, in seconds since the epoch or as a `Date`. A token without `iat`
   * is refused.
   *
   * @defaultValue the end of the current second, because `iat` has whole seconds; later if tokens have shown this process that
   *   the clock of the issuer is ahead, or if that of the store is
   */
  readonly before?: number | Date
}

/** Target of a revocation: the tokens of a subject that were issued before a time. */
export interface SubjectTarget extends TargetBase {
  /** The `iss` of the tokens, or the configured issuer's name. */
  readonly issuer: string
  /** Subject of the tokens. */
  readonly subject: string
  /** Time before which the refused tokens were issued: see {@link ClientTarget.before}. */
  readonly before?: number | Date
}

/** Target of a revocation: all tokens of an issuer that were issued before a time. */
export interface IssuerTarget extends TargetBase {
  /** The `iss` of the tokens, or the configured issuer's name. */
  readonly issuer: string
  /** Time before which the refused tokens were issued: see {@link ClientTarget.before}. Required. */
  readonly before: number | Date
}

/** What a revocation refuses. `before` refuses tokens that were issued earlier; tokens that are issued later pass. */
export type RevocationTarget = TokenIdTarget | ClientTarget | SubjectTarget | IssuerTarget

/** Target of `verifier.revoke()`: a token itself. */
export interface TokenTarget extends TargetBase {
  /** The bare token, without `Bearer`. */
  readonly token: string
}

/** Result of a revocation. */
export interface RevocationResult {
  /** Identifies the revocation for {@link Revocations.reached}. Contains no token and may be sent to other processes. */
  readonly receipt: string
  /**
   * Number of replicas of the store that have confirmed the revocation; 0 if there are none, or if another server has taken over
   * meanwhile that lacks it.
   */
  readonly durable: number
}

/** State of the revocations, as in `verifier.health().revocations`. */
export interface RevocationsHealth {
  /**
   * `ok`, `degraded` (the store cannot be read, and what was read last is still used; or something else that `failure` states), or
   * `down` (tokens cannot be checked).
   */
  readonly status: 'ok' | 'degraded' | 'down'
  /** Time at which all revocations of the store were known, in seconds since the epoch; absent before the first reading. */
  readonly asOf?: number
  /** Number of entries in memory. */
  readonly entries: number
  /**
   * Message of the last failure; absent once the store can be read and written, and its clock differs from that of this process by
   * no more than the clock tolerance.
   */
  readonly failure?: string
  /**
   * Why the messages of the option `nudge` do not arrive; absent while they do. `status` does not depend on it, because the store
   * is read at intervals nevertheless.
   */
  readonly nudgeFailure?: string
}

/** Options of {@link Revocations.reached}. */
export interface ReachedOptions {
  /**
   * Maximum time to wait, from 0 to `'1h'`.
   *
   * @defaultValue `'30s'`
   */
  readonly deadline?: Duration
}

/**
 * Revocations that verifiers check on every request. Created by `memoryRevocations()`, or by `redisRevocations()` of
 * `m2m-guard/redis`; passed to `createVerifier({ revocations })`.
 *
 * The set only grows, until an entry can no longer matter. A revocation cannot be undone.
 */
export interface Revocations {
  /**
   * Revokes by issuer and token id, client, subject or time, without a verifier. The issuer is not checked against any
   * configuration. With a verifier use `verifier.revoke()`, which also takes a token.
   *
   * @throws ConfigurationError as a rejection if the target is invalid.
   *
   * @example
   * ```ts
   * const { receipt } = await revocations.revoke({ issuer, clientId: 'billing', reason: 'key leaked' })
   * await revocations.reached(receipt)
   * ```
   */
  revoke(target: RevocationTarget): Promise<RevocationResult>
  /**
   * Waits until this process refuses what a receipt is about. The receipt may come from another process with the same
   * store.
   *
   * @returns `true`. It never resolves to anything else.
   * @throws TypeError as a rejection if the receipt is not one.
   * @throws Error as a rejection if the revocation is still unknown after `deadline`.
   *
   * @example
   * ```ts
   * await revocations.reached(receipt, { deadline: '5s' })
   * ```
   */
  reached(receipt: string, options?: ReachedOptions): Promise<true>
  /**
   * Returns the entries in the memory of this process, the latest first.
   *
   * @example
   * ```ts
   * const clients = revocations.list().filter(({ kind }) => kind === 'client')
   * ```
   */
  list(): readonly Revocation[]
  /**
   * Waits until the entries of the store are known.
   *
   * @throws Error as a rejection if the store cannot be read.
   *
   * @example
   * ```ts
   * await revocations.ready()
   * ```
   */
  ready(): Promise<void>
  /**
   * Returns the state, also found in `verifier.health().revocations`. Makes no network call.
   *
   * @example
   * ```ts
   * const { status, asOf } = revocations.health()
   * ```
   */
  health(): RevocationsHealth
  /**
   * Stops timers. What is in memory is still checked. May be called repeatedly. Optional: revocations never keep the
   * process alive.
   *
   * @example
   * ```ts
   * revocations.close()
   * ```
   */
  close(): void
}
