/** What a token is asked for: what the caller wants, in one order. */
export interface TokenParameters {
  readonly audience: readonly string[]
  readonly resource: readonly string[]
  readonly scopes: readonly string[]
}

/** A token that was granted. */
export interface IssuedToken {
  readonly token: string
  /** Seconds it is good for, counted from when it was asked for; `null` for ever. */
  readonly lifetime: number | null
}

/** One attempt to get a token. */
export interface GrantContext {
  /** Aborted when the attempt has taken too long, or the source is closed. */
  readonly signal: AbortSignal
  /** Aborted when the source is closed: for work that outlives the attempt. */
  readonly closing: AbortSignal
  /** Reads a credential: should the time run out meanwhile, it was that which did not come. */
  readonly reading: <T>(read: () => Promise<T>) => Promise<T>
}

/** Gets one token. */
export interface Grant {
  /**
   * @throws TokenSourceError
   * @throws The reason of `attempt.signal`, once it is aborted.
   */
  readonly obtain: (parameters: TokenParameters, attempt: GrantContext) => Promise<IssuedToken>
}
