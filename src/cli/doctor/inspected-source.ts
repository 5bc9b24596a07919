import { TokenSourceError, type TokenInfo, type TokenSource } from '../../client/index.js'
import { ConfigurationError } from '../../options/configuration-error.js'

/** A token source that the config exports. */
export interface NamedSource {
  /** Its name in the export `sources`; `undefined` for the export `source`. */
  readonly name: string | undefined
  readonly source: TokenSource
}

/** A token source, and what its token request resulted in. */
export interface InspectedSource {
  readonly name: string | undefined
  readonly result:
    | { readonly info: TokenInfo; readonly milliseconds: number }
    | { readonly error: TokenSourceError }
    /** Why the source obtains no token without a request of a caller. */
    | { readonly skipped: string }
}

/** Obtains a token, as a call to another service does. */
export async function inspectSource({ name, source }: NamedSource): Promise<InspectedSource> {
  let milliseconds = 0
  const stop = source.observe({ onEvent: ({ durationMs = 0 }) => (milliseconds = durationMs) })
  try {
    return { name, result: { info: await source.getTokenInfo(), milliseconds } }
  } catch (error) {
    if (error instanceof TokenSourceError) return { name, result: { error } }
    // The token that another one is exchanged for may be a parameter of each request.
    if (error instanceof ConfigurationError) return { name, result: { skipped: error.message } }
    throw error
  } finally {
    stop()
    source.close()
  }
}
