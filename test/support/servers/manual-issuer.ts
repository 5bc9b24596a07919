import { nextTurn } from '../until.js'

/** How a test answers a token request. */
export type ManualAnswer =
  | 'token'
  /** The last token of the set again. */
  | 'same token'
  | 'reset'
  | {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: Readonly<Record<string, unknown>>
    }

/** A token request that the test has not answered. */
interface OpenRequest {
  readonly key: string
  readonly form: URLSearchParams
  readonly answer: (how: ManualAnswer) => void
}

/** An issuer in the same process, whose responses come when the test sends them. */
export interface ManualIssuer {
  readonly fetch: typeof fetch
  /** Open requests. A request whose signal is aborted is not open. */
  readonly open: readonly OpenRequest[]
  /** The forms of all requests. */
  readonly forms: readonly URLSearchParams[]
  /** When each token was requested, in milliseconds. */
  readonly issuedAt: ReadonlyMap<string, number>
  /** The number of responses with a token. */
  readonly issued: () => number
  /** The largest number of requests of one set that were open together. */
  readonly mostInFlight: () => number
  /** Answers the oldest open request, when there is one. */
  readonly answerNext: (how: ManualAnswer) => Promise<void>
  /** Answers every request, also later ones, until the returned function is called. */
  readonly answerAll: (how: ManualAnswer) => () => void
}

export function manualIssuer(clock: () => number, lifetime = 3600): ManualIssuer {
  const open: OpenRequest[] = []
  const forms: URLSearchParams[] = []
  const issuedAt = new Map<string, number>()
  let most = 0
  let count = 0
  let issued = 0
  const last = new Map<string, string>()
  let automatic: ManualAnswer | undefined
  const respond = (how: ManualAnswer, requestedAt: number, key: string): Response | Error => {
    if (how === 'reset') return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    // Only a successful response with a body issues a token.
    if (typeof how === 'object' && (how.body === undefined || (how.status ?? 200) >= 400))
      return Response.json(how.body ?? {}, { status: how.status ?? 200, headers: how.headers ?? {} })
    const existing = how === 'same token' ? last.get(key) : undefined
    const token = existing ?? `token-${(count += 1)}`
    last.set(key, token)
    issued += 1
    issuedAt.set(token, requestedAt)
    const body = { access_token: token, token_type: 'bearer', expires_in: lifetime }
    const extra = typeof how === 'object' ? how : {}
    return Response.json(
      { ...body, ...extra.body },
      { status: extra.status ?? 200, headers: extra.headers ?? {} },
    )
  }
  const issuer: ManualIssuer = {
    fetch: (_, init) =>
      new Promise((resolve, reject) => {
        const form = new URLSearchParams(init?.body as string)
        const requestedAt = clock()
        const request: OpenRequest = {
          key: form.get('scope') ?? '',
          form,
          answer: (how) => {
            const index = open.indexOf(request)
            if (index !== -1) open.splice(index, 1)
            const result = respond(how, requestedAt, request.key)
            if (result instanceof Error) reject(result)
            else resolve(result)
          },
        }
        init?.signal?.addEventListener('abort', () => {
          request.answer('reset')
        })
        forms.push(form)
        open.push(request)
        most = Math.max(most, open.filter(({ key }) => key === request.key).length)
        if (automatic !== undefined) request.answer(automatic)
      }),
    open,
    forms,
    issuedAt,
    issued: () => issued,
    mostInFlight: () => most,
    answerNext: async (how) => {
      while (open.length === 0) await nextTurn()
      open[0]?.answer(how)
    },
    answerAll: (how) => {
      automatic = how
      for (const request of [...open]) request.answer(how)
      return () => {
        automatic = undefined
      }
    },
  }
  return issuer
}
