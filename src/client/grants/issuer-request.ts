import { isRecord, nonEmptyString } from '../../util/members.js'
import { exchange } from '../../http/exchange.js'
import { ExchangeError, UnreadableResponseError } from '../../http/exchange-error.js'
import { PASSING_CODES, reasonOfResponse } from '../../http/issuer-call-error.js'
import { retryAfterSeconds } from '../../http/retry-after.js'
import type { HttpResponse, ResponseHeaders, TlsIdentity } from '../../http/transport/messages.js'
import type { Transport } from '../../http/transport/transport.js'
import { certificateAdvice } from '../../util/tls/certificate-failure.js'
import { parseJson } from '../../util/json.js'
import { quoted } from '../../util/redact.js'
import type { TokenSourceReason } from '../../model/token-source-event.js'
import { TokenSourceError } from '../errors.js'

/** Maximum size of a response body. Token responses are a few KiB. */
const MAX_BYTES = 256 * 1024

/** Maximum length of a string from an issuer in an error message, which is likely to be logged. */
const MAX_CHARACTERS = 200

/** One HTTP request to an issuer. */
export interface IssuerRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly deadlineSeconds: number
  readonly transport: Transport
  readonly signal: AbortSignal
  /** Certificate that the connection presents. */
  readonly tls?: TlsIdentity | undefined
  /** Whether the issuer may receive the request twice, if a kept-alive connection was closed when it was reused. */
  readonly isRepeatable?: boolean
  /** Values that must not appear in an error, even if the issuer quotes them. */
  readonly secrets: readonly string[]
  /** Returns the tokens that a string of the issuer may contain, and that must not appear in an error either. */
  readonly tokensIn: (text: string) => readonly string[]
  /** Current time in seconds since the epoch, for a `Retry-After` that is a date. */
  readonly now: number
}

/** Code and message of an issuer's error response, in OAuth's or a vendor's format. */
export interface IssuerProblem {
  readonly code: string | undefined
  readonly message: string | undefined
}

/**
 * OAuth error codes that are not secrets: those of RFC 6749 section 5.2, RFC 6750, RFC 8707 and of temporary failures.
 */
const KNOWN_CODES = [
  ...PASSING_CODES,
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'access_denied',
]

/**
 * Sends a request and returns the JSON object of a 2xx response. Redirects are not followed, because credentials
 * would be sent to another server.
 */
export async function requestIssuer(
  call: IssuerRequest,
  readProblem: (json: Readonly<Record<string, unknown>>) => IssuerProblem,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, headers, text } = await sendRequest(call)
  const json = parseJson(text)
  const response = `the response of ${urlWithoutQuery(call.url)}`
  const isSuccess = status >= 200 && status < 300
  if (isSuccess && isRecord(json) && !isErrorResponse(json)) return json
  const issuerProblem = isRecord(json) ? readProblem(json) : { code: undefined, message: undefined }
  const message = redact(issuerProblem.message, call)
  // A secret that equals a part of a known code would hide the code, which itself says nothing about the secret.
  const isKnownCode = KNOWN_CODES.includes(issuerProblem.code ?? '')
  const code = isKnownCode ? issuerProblem.code : redact(issuerProblem.code, call)
  const reason = reasonOf(isSuccess && issuerProblem.code !== undefined ? 400 : status, issuerProblem.code)
  const parts = [String(status), code, message === undefined ? undefined : `(${message})`]
  const problem = `${response} was ${parts.filter((part) => part !== undefined).join(' ')}`
  throw new TokenSourceError({
    reason,
    problem: isRecord(json) ? problem : `${problem}, without a JSON object`,
    advice: ADVICE[reason],
    status,
    code,
    requestId: redact(requestIdOf(json, headers), call),
    retryAfter: status >= 400 ? retryAfterSeconds(headers, call.now) : undefined,
  })
}

/** Whether a response has the form of RFC 6749 section 5.2. Some issuers send it with status 200. */
function isErrorResponse(json: Readonly<Record<string, unknown>>): boolean {
  return nonEmptyString(json, 'error') !== undefined && !Object.hasOwn(json, 'access_token')
}

/** Request id of Stytch, Clerk, or a proxy. */
function requestIdOf(json: unknown, headers: ResponseHeaders): string | undefined {
  const body = isRecord(json) ? json : {}
  return (
    nonEmptyString(body, 'request_id') ??
    nonEmptyString(body, 'clerk_trace_id') ??
    headers.get('x-request-id') ??
    undefined
  )
}

async function sendRequest(call: IssuerRequest): Promise<HttpResponse> {
  const { secrets: _, now: __, tokensIn: ___, headers, ...rest } = call
  try {
    return await exchange({
      ...rest,
      headers: { accept: 'application/json', ...headers },
      maxBytes: MAX_BYTES,
      // A caller that waits for the token keeps the process alive. A renewal in the background must not.
      keepsAlive: false,
    })
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    const reason = error instanceof UnreadableResponseError ? 'answer_unreadable' : 'issuer_unavailable'
    const certificate = certificateAdvice(error.message, call.tls !== undefined)
    throw new TokenSourceError({
      reason,
      problem: `${urlWithoutQuery(call.url)}: ${error.message}`,
      advice: certificate === undefined ? ADVICE[reason] : `${certificate}. ${ADVICE[reason]}`,
      cause: redactedCause(ExchangeError.thrownBy(error), call) ?? error,
    })
  }
}

/** A 4xx without an error code is not that of a token endpoint. */
function reasonOf(status: number, code: string | undefined): keyof typeof ADVICE {
  const reason = reasonOfResponse(status, code)
  return reason === 'request_refused' && code === undefined ? 'answer_unreadable' : reason
}

const ADVICE = {
  credentials_unavailable: 'Check the secret store it reads from',
  credentials_refused:
    'Check the client id and its secret or key, and that they are registered at the issuer',
  request_refused: 'Check scopes, audience and resource, and what the issuer allows this client',
  issuer_unavailable: 'The next request is sent after the backoff',
  answer_unreadable: 'Check the URL: the response does not come from a token endpoint',
} as const satisfies Partial<Record<TokenSourceReason, string>>

/** The error for a 2xx response that lacks a required field. */
export function unreadableResponseError(
  problem: string,
  advice: string = ADVICE.answer_unreadable,
): TokenSourceError {
  return new TokenSourceError({ reason: 'answer_unreadable', problem, advice })
}

/** The URL without its query, which may contain secrets. */
export function urlWithoutQuery(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

/** What must not appear in an error. */
type Secrets = Pick<IssuerRequest, 'secrets' | 'tokensIn'>

function redact(text: string | undefined, { secrets, tokensIn }: Secrets): string | undefined {
  if (text === undefined || text === '') return undefined
  return quoted(text, { secrets: [...secrets, ...tokensIn(text)], atMost: MAX_CHARACTERS })
}

/** Copies an error without secrets, with its code and its causes. Such an error may quote the request. */
function redactedCause(thrown: unknown, secrets: Secrets, depth = 0): Error | undefined {
  if (!(thrown instanceof Error) || depth > 2) return undefined
  const cause = redactedCause(thrown.cause, secrets, depth + 1)
  const message = redact(`${thrown.name}: ${thrown.message}`, secrets)
  const { code } = thrown as { code?: unknown }
  const isSystemCode = typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code)
  return Object.assign(new Error(message, cause && { cause }), isSystemCode ? { code } : {})
}
