import { createClock } from '../../options/clock.js'
import { isRecord } from '../../util/members.js'
import { ExchangeError } from '../../http/exchange-error.js'
import { isHtml } from '../../http/media-type.js'
import { reasonOfResponse, type IssuerCallReason } from '../../http/issuer-call-error.js'
import { retryAfterSeconds } from '../../http/retry-after.js'
import type { HttpResponse, ResponseHeaders } from '../../http/transport/messages.js'
import { certificateAdvice } from '../../util/tls/certificate-failure.js'
import { parseJson } from '../../util/json.js'
import { quoted } from '../../util/redact.js'
import { ManagementError, type ManagementFailure } from './management-error.js'
import type { VendorCall } from './call.js'
import type { VendorProblem, VendorProfile } from './vendor-profile.js'

/** A 2xx response. */
export interface VendorResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  /** The JSON object; empty if the response has no body. */
  readonly json: Readonly<Record<string, unknown>>
  /** The unparsed body, for values that JSON numbers cannot represent. */
  readonly body: string
}

/** Details of a failure that is reported in a 2xx response. */
export interface ReportedFailure
  extends VendorProblem, Pick<ManagementFailure, 'status' | 'advice' | 'isUncertain'> {
  /** The reported result, instead of a status. */
  readonly what: string
}

/** Network errors before a connection existed. The request cannot have had an effect. */
const NEVER_ARRIVED = /\((?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\)$/
const CHECK_ADDRESS = 'Check the URL: the response does not come from the API'
const NO_OBJECT = 'without a JSON object'

/** Maximum length of a string from a vendor in an error message, which is likely to be logged. */
const MAX_CHARACTERS = 300

/**
 * Reads the response of a call.
 *
 * @throws ManagementError for anything but a 2xx response with a JSON object or without a body.
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
    problem: `${profile.title} responded with ${status} ${NO_OBJECT}`,
    advice: CHECK_ADDRESS,
    status,
    isUncertain: !call.isRead,
  })
}

/** Creates the error for a 2xx response that lacks a required field. */
export function incompleteResponseError(
  { vendor, title }: VendorProfile,
  call: Pick<VendorCall, 'operation' | 'isRead'>,
  problem: string,
): ManagementError {
  return new ManagementError({
    vendor,
    operation: call.operation,
    problem: `${title} returned ${problem}`,
    advice: CHECK_ADDRESS,
    isUncertain: !call.isRead,
  })
}

/** Creates the error for a failure that the vendor reports in a 2xx response. */
export function reportedFailureError(
  { vendor, title }: VendorProfile,
  { operation, secrets }: VendorCall,
  failure: ReportedFailure,
): ManagementError {
  const { what, status, advice, isUncertain } = failure
  const { code, message, requestId } = redactProblem(failure, secrets)
  const problem = `${title} responded with ${what}${code === undefined ? '' : ` ${code}`}${messagePart(message)}`
  const reason = REPORTED_REASONS[what] ?? 'request_refused'
  return new ManagementError({
    vendor,
    operation,
    reason,
    problem,
    advice,
    status,
    code,
    requestId,
    isUncertain,
  })
}

/** Results with status 200 that do not refuse the request. */
const REPORTED_REASONS: Readonly<Record<string, IssuerCallReason | undefined>> = {
  INTERNAL_SERVER_ERROR: 'issuer_unavailable',
  'an unknown action': 'answer_unreadable',
}

function noResponseError(
  { vendor, title }: VendorProfile,
  { operation, isRead, tls }: VendorCall,
  cause: ExchangeError,
): ManagementError {
  const { message } = cause
  return new ManagementError({
    vendor,
    operation,
    problem: `${title}: ${message}`,
    advice: certificateAdvice(message, tls !== undefined) ?? 'Check the URL and the network path to it',
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
  const vendorProblem = readProblem({ json, headers })
  const { code, message, requestId } = redactProblem(vendorProblem, secrets)
  const parts = [
    `${title} responded with ${status}`,
    code === String(status) ? undefined : code,
    json === undefined ? NO_OBJECT : undefined,
  ]
  return new ManagementError({
    vendor,
    operation,
    // Of the code before redaction, because a short secret may be a part of it.
    reason: reasonOfResponse(status, vendorProblem.code),
    problem: parts.filter((part) => part !== undefined).join(' ') + messagePart(message),
    advice:
      status >= 300 && status < 400
        ? 'Redirects are not followed: check the URL'
        : advise(operation, status, code),
    status,
    code,
    requestId,
    retryAfter: retryAfterSeconds(headers, createClock().now()),
    // A gateway's response does not say whether the vendor behind it made the change.
    isUncertain: !isRead && status >= 500,
  })
}

function messagePart(message: string | undefined): string {
  return message === undefined ? '' : `: ${message}`
}

/** Removes secrets from a vendor's strings and shortens them. */
function redactProblem(
  { code, message, requestId }: VendorProblem,
  secrets: readonly string[],
): VendorProblem {
  // A string that is empty after redaction is omitted.
  const redact = (text = ''): string | undefined =>
    quoted(text, { secrets, atMost: MAX_CHARACTERS }) || undefined
  return { code: redact(code), message: redact(message), requestId: redact(requestId) }
}
