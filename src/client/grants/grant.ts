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
  /** Seconds since another process has obtained it, which are no longer part of `lifetime`; absent if this one has. */
  readonly sharedFor?: number
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
  /** Whether the caller needs a token that was requested after its call, and none of another process. */
  readonly isNewRequired: boolean
  /** The token that the new one replaces, if there is one. */
  readonly replaced: string | undefined
  /** Returns the tokens of the source that a string of the issuer may contain. No error may contain them. */
  readonly tokensIn: (text: string) => readonly string[]
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
  /** Returns what a token depends on besides audience, resource and scopes. It may contain secrets. */
  readonly identify: (
    parameters: TokenParameters,
    reading: GrantContext['reading'],
  ) => Promise<readonly string[]>
}
