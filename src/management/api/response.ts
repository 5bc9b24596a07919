import { createClock } from '../../options/clock.js'
import { isRecord } from '../../util/members.js'
import { ExchangeError } from '../../http/exchange-error.js'
import { isHtml } from '../../http/media-type.js'
import { retryAfterSeconds } from '../../http/retry-after.js'
import type { HttpResponse, ResponseHeaders } from '../../http/transport/messages.js'
import { parseJson } from '../../util/json.js'
import { quoted } from '../../util/redact.js'
import { ManagementError, type ManagementFailure } from './management-error.js'
import type { VendorCall } from './call.js'
import type { VendorProblem, VendorProfile } from './vendor-profile.js'

/** A 2xx response. */
export interface VendorResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  /** The JSON object; empty for a response without a body. */
  readonly json: Readonly<Record<string, unknown>>
  /** The body as it came, for what JSON numbers cannot hold. */
  readonly body: string
}

/** What a vendor tells of a failure in a response whose status says nothing. */
export interface ReportedFailure
  extends VendorProblem, Pick<ManagementFailure, 'status' | 'advice' | 'isUncertain'> {
  /** What it answered, in place of a status. */
  readonly what: string
}

/** Nobody was there to make a change. */
const NEVER_ARRIVED = /\((?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\)$/
const CHECK_ADDRESS = 'Something other than the API may be answering: check the address'
const NO_OBJECT = 'with something that is no JSON object'

/** Of each text of a vendor: it will stand in a log. */
const MOST_CHARACTERS = 300

/**
 * Reads what came of a call.
 *
 * @throws ManagementError for anything but a 2xx response with a JSON object, or with no body at all.
 */
export function readResponse(
  profile: VendorProfile,
  call: VendorCall,
  attempt: HttpResponse | ExchangeError,
): VendorResponse {
  if (attempt instanceof ExchangeError) throw noResponseError(profile, call, attempt)
  const { status, headers, text } = attempt
  const json = text.trim() === '' ? {} : parseJson(text)
  if (status < 200 || status >= 300) throw statusError(profile, call, { status, headers, json })
  if (call.ignoresBody === true && !isHtml(headers)) return { status, headers, json: {}, body: text }
  if (isRecord(json)) return { status, headers, json, body: text }
  throw new ManagementError({
    vendor: profile.vendor,
    operation: call.operation,
    problem: `${profile.title} answered ${status} ${NO_OBJECT}`,
    advice: CHECK_ADDRESS,
    status,
    isUncertain: !call.isRead,
  })
}

/** The failure of an operation whose 2xx response does not hold what it must. */
export function incompleteResponseError(
  { vendor, title }: VendorProfile,
  call: Pick<VendorCall, 'operation' | 'isRead'>,
  lacking: string,
): ManagementError {
  return new ManagementError({
    vendor,
    operation: call.operation,
    problem: `${title} answered without ${lacking}`,
    advice: CHECK_ADDRESS,
    isUncertain: !call.isRead,
  })
}

/** The failure of an operation that the vendor tells of in a response whose status says nothing. */
export function reportedFailureError(
  { vendor, title }: VendorProfile,
  { operation, secrets }: VendorCall,
  told: ReportedFailure,
): ManagementError {
  const { what, status, advice, isUncertain } = told
  const { code, message, requestId } = redactProblem(told, secrets)
  const problem = `${title} answered ${what}${code === undefined ? '' : ` ${code}`}${messagePart(message)}`
  return new ManagementError({ vendor, operation, problem, advice, status, code, requestId, isUncertain })
}

function noResponseError(
  { vendor, title }: VendorProfile,
  { operation, isRead }: VendorCall,
  cause: ExchangeError,
): ManagementError {
  const { message } = cause
  return new ManagementError({
    vendor,
    operation,
    problem: `${title} gave ${message}`,
    advice: 'Check the address and the way there',
    isUncertain: !isRead && !NEVER_ARRIVED.test(message),
    cause,
  })
}

function statusError(
  { vendor, title, readProblem, advise }: VendorProfile,
  { operation, isRead, secrets }: VendorCall,
  response: { readonly status: number; readonly headers: ResponseHeaders; readonly json: unknown },
): ManagementError {
  const { status, headers } = response
  const json = isRecord(response.json) ? response.json : undefined
  const { code, message, requestId } = redactProblem(readProblem({ json, headers }), secrets)
  const words = [
    `${title} answered ${status}`,
    code === String(status) ? undefined : code,
    json === undefined ? NO_OBJECT : undefined,
  ]
  return new ManagementError({
    vendor,
    operation,
    problem: words.filter((word) => word !== undefined).join(' ') + messagePart(message),
    advice:
      status >= 300 && status < 400
        ? 'Redirects are not followed: check the address'
        : advise(operation, status, code),
    status,
    code,
    requestId,
    retryAfter: retryAfterSeconds(headers, createClock().now()),
    // A gateway's response says nothing of what the vendor behind it has done.
    isUncertain: !isRead && status >= 500,
  })
}

function messagePart(message: string | undefined): string {
  return message === undefined ? '' : `: ${message}`
}

/** What a vendor says, fit for an error. */
function redactProblem(
  { code, message, requestId }: VendorProblem,
  secrets: readonly string[],
): VendorProblem {
  // A text of which nothing is left says nothing.
  const show = (text = ''): string | undefined =>
    quoted(text, { secrets, atMost: MOST_CHARACTERS }) || undefined
  return { code: show(code), message: show(message), requestId: show(requestId) }
}
