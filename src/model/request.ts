/** What the guard reads of a request: Node's `IncomingMessage`, a fetch `Request`, or anything alike. */
export interface GuardedRequest {
  readonly method?: string | undefined
  /** Path and query, or the whole address. Only ever reported, without its query. */
  readonly url?: string | undefined
  /** The address before a framework cut a mount path off it; reported in place of `url`. */
  readonly originalUrl?: string | undefined
  /** Node's header object (lower-case names) or a `Headers`. */
  readonly headers: HeaderObject | HeaderReader
  /** Node's flat list of names and values: the only place where a second `Authorization` header shows. */
  readonly rawHeaders?: readonly string[] | undefined
}

/** Node's `req.headers`. */
export type HeaderObject = Readonly<Record<string, string | readonly string[] | undefined>>

/** The part of `Headers` that is needed. */
export interface HeaderReader {
  get(name: string): string | null
}
