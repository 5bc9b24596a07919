/** What a token is asked for: what the caller wants, in one order. */
export interface Wanted {
  readonly audience: readonly string[]
  readonly resource: readonly string[]
  readonly scopes: readonly string[]
}

/** A token that was granted. */
export interface Granted {
  readonly token: string
  /** Seconds it is good for, counted from when it was asked for; `null` for ever. */
  readonly lifetime: number | null
}

/** Gets one token. */
export interface Grant {
  /**
   * @throws TokenSourceError
   * @throws The reason of `signal`, once it is aborted.
   */
  readonly obtain: (wanted: Wanted, signal: AbortSignal) => Promise<Granted>
}
