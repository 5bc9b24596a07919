import { ISSUER } from './mutations.js'

/** Issuer that responds without a network. */
export interface IssuerInMemory {
  /** Custom `fetch` for `oauth`. */
  readonly fetch: typeof fetch
  readonly calls: { keys: number; introspection: number }
  /** While true, every call fails. */
  isDown: boolean
  /** Resolves once no call is in flight. */
  readonly settled: () => Promise<void>
}

/** Responds with the current results of the functions, so that thousands of histories take seconds. */
export function issuerInMemory(source: {
  readonly keys?: () => unknown
  readonly introspection?: (token: string) => unknown
}): IssuerInMemory {
  let inFlight = 0
  const issuer: IssuerInMemory = {
    calls: { keys: 0, introspection: 0 },
    isDown: false,
    async fetch(_input, init) {
      inFlight += 1
      try {
        // Always asynchronous, like a network.
        await Promise.resolve()
        const isIntrospection = init?.method === 'POST'
        issuer.calls[isIntrospection ? 'introspection' : 'keys'] += 1
        if (issuer.isDown) throw new TypeError('fetch failed')
        const body = isIntrospection
          ? source.introspection?.(new URLSearchParams(init.body as string).get('token') ?? '')
          : source.keys?.()
        return body instanceof Response ? body : Response.json(body)
      } finally {
        inFlight -= 1
      }
    },
    async settled() {
      // Reading the body and caching the result take some turns of the event loop.
      for (let quiet = 0; quiet < 3; quiet = inFlight === 0 ? quiet + 1 : 0) {
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
  return issuer
}

/** Options of `oauth` with all URLs, so that no discovery is needed. */
export const ADDRESSES = {
  issuer: ISSUER,
  jwksUri: `${ISSUER}/jwks`,
  endpoint: `${ISSUER}/introspect`,
} as const
