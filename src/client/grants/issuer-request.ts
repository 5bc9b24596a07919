import { isRecord } from '../../util/members.js'
import { exchange } from '../../http/exchange.js'
import { ExchangeError, UnreadableResponseError } from '../../http/exchange-error.js'
import { retryAfterSeconds } from '../../http/retry-after.js'
import type { HttpResponse } from '../../http/transport/messages.js'
import type { Transport } from '../../http/transport/transport.js'
import { parseJson } from '../../util/json.js'
import { quoted } from '../../util/redact.js'
import { TokenSourceError, type TokenSourceReason } from '../errors.js'

/** Far more than any token endpoint says. */
const MAX_BYTES = 256 * 1024

/** Of each text of an issuer: it will stand in a log. */
const MOST_CHARACTERS = 200

/** One question to an issuer. */
export interface IssuerRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly deadlineSeconds: number
  readonly transport: Transport
  readonly signal: AbortSignal
  /** Whether the issuer may get the request twice, if a kept connection was closed when it was reused. */
  readonly isRepeatable?: boolean
  /** What must not appear in an error, should the issuer quote it. */
  readonly secrets: readonly string[]
  /** The time of day in seconds, for a `Retry-After` that is a date. */
  readonly now: number
}

/** What an issuer says of a refusal, in whatever form it has. */
export interface IssuerProblem {
  readonly code: string | undefined
  readonly message: string | undefined
}

/** OAuth codes that say nothing of the request: the issuer has trouble of its own (RFC 6749 section 4.1.2.1, RFC 8628). */
const PASSING_CODES = ['temporarily_unavailable', 'server_error', 'slow_down']

/** Asks, and gives the JSON object of a 2xx answer. Redirects are not followed: they would take our credentials along. */
export async function requestIssuer(
  call: IssuerRequest,
  readProblem: (json: Readonly<Record<string, unknown>>) => IssuerProblem,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, headers, text } = await ask(call)
  const json = parseJson(text)
  const where = `the answer of ${placeOf(call.url)}`
  if (status >= 200 && status < 300 && isRecord(json)) return json
  const told = isRecord(json) ? readProblem(json) : { code: undefined, message: undefined }
  const [code, message] = [told.code, told.message].map((text) => shown(text, call.secrets))
  const reason = reasonOf(status, told.code)
  const said = [String(status), code, message === undefined ? undefined : `(${message})`]
  const problem = `${where} was ${said.filter((word) => word !== undefined).join(' ')}`
  throw new TokenSourceError({
    reason,
    problem: isRecord(json) ? problem : `${problem}, with something that is no JSON object`,
    advice: ADVICE[reason],
    status,
    code,
    retryAfter: status >= 400 ? retryAfterSeconds(headers, call.now) : undefined,
  })
}

async function ask(call: IssuerRequest): Promise<HttpResponse> {
  const { secrets: _, now: __, headers, ...rest } = call
  try {
    return await exchange({
      ...rest,
      headers: { accept: 'application/json', ...headers },
      maxBytes: MAX_BYTES,
    })
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    const reason = error instanceof UnreadableResponseError ? 'answer_unreadable' : 'issuer_unavailable'
    throw new TokenSourceError({
      reason,
      problem: `${placeOf(call.url)} gave ${error.message}`,
      advice: ADVICE[reason],
      cause: error,
    })
  }
}

function reasonOf(status: number, code: string | undefined): keyof typeof ADVICE {
  if (status >= 500 || status === 429 || status === 408) return 'issuer_unavailable'
  if (status < 400) return 'answer_unreadable'
  if (code !== undefined && PASSING_CODES.includes(code)) return 'issuer_unavailable'
  if (status === 401 || code === 'invalid_client') return 'credentials_refused'
  return code === undefined ? 'answer_unreadable' : 'request_refused'
}

const ADVICE = {
  credentials_refused: 'Check the client id and its secret or key, and that the issuer knows them',
  request_refused: 'Check what is asked for: scopes, audience, resource, and what the client may have',
  issuer_unavailable: 'It is asked again after a pause',
  answer_unreadable: 'Something other than a token endpoint may be answering: check the address',
} as const satisfies Partial<Record<TokenSourceReason, string>>

/** The failure of a 2xx answer that does not hold what it must. */
export function unreadable(problem: string, advice: string = ADVICE.answer_unreadable): TokenSourceError {
  return new TokenSourceError({ reason: 'answer_unreadable', problem, advice })
}

/** An address without its query, which may hold anything. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

function shown(text: string | undefined, secrets: readonly string[]): string | undefined {
  return text === undefined || text === '' ? undefined : quoted(text, { secrets, atMost: MOST_CHARACTERS })
}
