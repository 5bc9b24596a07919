import { ISSUER } from './mutations.js'

/** What an issuer that answers without a network is asked and says. */
export interface IssuerInMemory {
  /** To be given to `oauth` as its own fetch. */
  readonly fetch: typeof fetch
  readonly calls: { keys: number; questions: number }
  /** While true, nobody answers. */
  isDown: boolean
  /** Resolves once nothing asked for is under way any more. */
  readonly settled: () => Promise<void>
}

/** Answers with what the given functions say at the moment of the call, so that thousands of histories take seconds. */
export function issuerInMemory(says: {
  readonly keys?: () => unknown
  readonly introspection?: (token: string) => unknown
}): IssuerInMemory {
  let underWay = 0
  const issuer: IssuerInMemory = {
    calls: { keys: 0, questions: 0 },
    isDown: false,
    async fetch(_input, init) {
      underWay += 1
      try {
        // Never at once: an answer that is there before the question is put is no answer of a network.
        await Promise.resolve()
        const isQuestion = init?.method === 'POST'
        issuer.calls[isQuestion ? 'questions' : 'keys'] += 1
        if (issuer.isDown) throw new TypeError('fetch failed')
        const body = isQuestion
          ? says.introspection?.(new URLSearchParams(init.body as string).get('token') ?? '')
          : says.keys?.()
        return body instanceof Response ? body : Response.json(body)
      } finally {
        underWay -= 1
      }
    },
    async settled() {
      // What follows an answer (reading its body, remembering it) takes some turns of the event loop.
      for (let quiet = 0; quiet < 3; quiet = underWay === 0 ? quiet + 1 : 0) {
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
  return issuer
}

/** Options of `oauth` for it, all addresses given, so that no discovery stands in between. */
export const ADDRESSES = {
  issuer: ISSUER,
  jwksUri: `${ISSUER}/jwks`,
  endpoint: `${ISSUER}/introspect`,
} as const
