/** An entry of `revocations.list()`. */
export interface Revocation {
  /** What is refused: a token by its id, a token by its digest, or tokens of a client, a subject or an issuer. */
  readonly kind: 'token' | 'digest' | 'client' | 'subject' | 'issuer'
  /** Issuer of the tokens. Empty for a revocation of all issuers, to which entries beyond `maxEntries` may lead. */
  readonly issuer: string
  /** Id of the revoked token. */
  readonly tokenId?: string
  /** First 128 bits of the SHA-256 of the revoked token, or of the signed part of a JWT without `jti`, in base64url. */
  readonly digest?: string
  /** The revoked client, or the client of the revoked token if it is known. */
  readonly clientId?: string
  /** The revoked subject. */
  readonly subject?: string
  /** Tokens issued before this time are refused, in seconds since the epoch. */
  readonly before?: number
  /** Expiry of the revoked token, in seconds since the epoch; absent if it is unknown. */
  readonly expiresAt?: number
  /** Time of the revocation, in seconds since the epoch. */
  readonly revokedAt: number
  /** The reason that was given. */
  readonly reason?: string
}

/**
 * Kind of an event about revocations:
 *
 * - `revoked`: this process revoked something.
 * - `store_failing`: the store cannot be read, or not be written at the start, or the messages of the option `nudge` do not arrive, as `detail` says. Each is
 *   reported once until it works again.
 * - `store_recovered`: the store can be read or written again, or the messages arrive again.
 * - `store_repaired`: the store had lost `entries`, such as in a failover, and this process has written them back.
 * - `entry_skipped`: entries of the store cannot be read.
 * - `entry_coarsened`: there are more than `maxEntries`, so that an entry refuses more tokens than was requested.
 * - `clock_differs`: the clocks of this process and of the store differ by more than the clock tolerance.
 */
export type RevocationEventKind =
  | 'revoked'
  | 'store_failing'
  | 'store_recovered'
  | 'store_repaired'
  | 'entry_skipped'
  | 'entry_coarsened'
  | 'clock_differs'

/** Event about revocations. It contains no token. */
export interface RevocationEvent {
  /** Kind of the event. */
  readonly kind: RevocationEventKind
  /** Description for logs. */
  readonly detail: string
  /** The entries that the event is about. */
  readonly entries: readonly Revocation[]
}

/** Observer of revocations. Its result and its errors are ignored. */
export type RevocationObserver = (event: RevocationEvent) => unknown
