/** Request that a verifier can authorize: Node's `IncomingMessage`, a `Request`, or any object with `headers`. */
export interface GuardedRequest {
  /** HTTP method, for events. */
  readonly method?: string | undefined
  /** Path and query, or the complete URL. Used for events only, without its query. */
  readonly url?: string | undefined
  /** URL before a framework removed a mount path from it. Used for events in place of `url`. */
  readonly originalUrl?: string | undefined
  /** Node's header object or a `Headers`. Header names may be in any case. */
  readonly headers: HeaderObject | HeaderReader
  /**
   * Node's flat list of header names and values. Pass it if there is one: Node drops a second `Authorization` header
   * from `headers`, and only this list shows it.
   */
  readonly rawHeaders?: readonly string[] | undefined
}

/** Header object, such as Node's `req.headers`: a string or a list of strings by name. */
export type HeaderObject = Readonly<Record<string, string | readonly string[] | undefined>>

/** Header reader, such as `Headers`. */
export interface HeaderReader {
  /** Returns the value of a header, or `null` if it is absent. */
  get(name: string): string | null
}
