/** Parameters of a token request, each list sorted. */
export interface TokenParameters {
  readonly audience: readonly string[]
  readonly resource: readonly string[]
  readonly scopes: readonly string[]
  /** Token that grants the requested one, or is exchanged for it; `undefined` for the one of the source, if any. */
  readonly subject?: SubjectToken | undefined
}

/** A token with its digest, which is the part of the cache key that stands for it. */
export interface SubjectToken {
  readonly token: string
  readonly digest: string
}

/** A token that the issuer issued. */
export interface IssuedToken {
  readonly token: string
  /** Lifetime in seconds, counted from the request; 0 if it has just ended, `null` if the token never expires. */
  readonly lifetime: number | null
  /** Age in seconds when it was requested, if the issuer may return an existing token. */
  readonly age?: number
  /** Granted scopes, if the issuer stated them. */
  readonly scopes?: readonly string[]
}

/** Context of one attempt to obtain a token. */
export interface GrantContext {
  /** Aborted when the attempt exceeds its deadline or the source is closed. */
  readonly signal: AbortSignal
  /** Aborted when the source is closed, for work that outlives the attempt. */
  readonly closing: AbortSignal
  /** Whether the issuer must not return an existing token, because an API refused that or it is too old. */
  readonly isFreshRequired: boolean
  /**
   * Reads a credential. If the deadline passes during the read, the error names the credential and not the
   * issuer.
   *
   * @param names - the options whose functions or promises are read.
   */
  readonly reading: <T>(names: readonly string[], read: () => Promise<T>) => Promise<T>
}

/** Obtains one token from an issuer. */
export interface Grant {
  /**
   * @throws TokenSourceError
   * @throws The reason of `attempt.signal`, once it is aborted.
   */
  readonly obtain: (parameters: TokenParameters, attempt: GrantContext) => Promise<IssuedToken>
}
