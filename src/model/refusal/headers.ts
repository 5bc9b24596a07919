import type { RefusalResponse } from './reasons.js'

const DEFAULT_REALM = 'api'
const DEFAULT_RETRY_SECONDS = 1
const MAX_RETRY_SECONDS = 120

/** Details of a refusal that its headers contain. */
interface HeaderDetails {
  readonly realm?: string | undefined
  readonly required?: readonly string[] | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly maxAge?: number | undefined
}

/** Creates the headers of a refusal: challenge, `Retry-After` and `Cache-Control`. */
export function headersOf(
  response: RefusalResponse,
  description: string,
  details: HeaderDetails,
): Record<string, string> {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' }
  if (response.status === 503) {
    headers['Retry-After'] = String(clampRetryAfter(details.retryAfterSeconds ?? DEFAULT_RETRY_SECONDS))
  } else if (response.error !== 'access_denied') {
    headers['WWW-Authenticate'] = challenge(response, description, details)
  }
  return headers
}

function clampRetryAfter(seconds: number): number {
  return Math.min(MAX_RETRY_SECONDS, Math.max(1, Math.ceil(seconds)))
}

function challenge(response: RefusalResponse, description: string, details: HeaderDetails): string {
  // The realm is always present, because RFC 6750 section 3 requires at least one parameter after the scheme.
  const parameters = [`realm="${escapeQuotedString(details.realm ?? DEFAULT_REALM)}"`]
  if (response.error !== undefined) {
    parameters.push(`error="${response.error}"`, `error_description="${description}"`)
  }
  if (details.required !== undefined) parameters.push(`scope="${details.required.join(' ')}"`)
  // Not registered; clients ignore parameters that they do not know (RFC 9110 section 11.2).
  if (details.maxAge !== undefined && details.maxAge >= 1)
    parameters.push(`max_age="${Math.floor(details.maxAge)}"`)
  return `Bearer ${parameters.join(', ')}`
}

/** Escapes quotes and backslashes for a quoted-string (RFC 9110 section 5.6.4). */
function escapeQuotedString(value: string): string {
  return value.replace(/["\\]/g, '\\$&')
}

const MAX_DESCRIPTION_LENGTH = 200

/** Replaces characters that RFC 6750 section 3 forbids in `error_description`: quotes, backslashes, non-ASCII. */
export function sanitizeDescription(value: string): string {
  return value.slice(0, MAX_DESCRIPTION_LENGTH).replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '_')
}
