import { isHtml } from '../http/media-type.js'
import type { HttpResponse } from '../http/transport/messages.js'
import { failureOf } from '../model/detail/explain.js'
import type { ConfirmationResult, RemoteResponse, RemoteResult } from '../model/issuer/remote-profile.js'
import { DEEPEST_NESTING, freezeWithin } from '../util/freeze.js'
import { base64Copies, shortestCopy } from '../util/base64-copies.js'
import { maskStrings } from '../util/redact.js'
import { hasDuplicateMembers } from '../util/duplicate-members.js'
import type { Failure, Inactive, Statement } from './outcome.js'

/** Rejects an active result that is an HTML page, has duplicate members, or is nested too deeply. */
export function rejectAmbiguous<T extends Statement>(
  statement: T,
  { headers, text }: HttpResponse,
  json: unknown,
): T | Failure | Inactive {
  if ('fault' in statement) return statement
  if (isHtml(headers)) return { fault: 'issuer_unavailable', detail: 'the response is an HTML page' }
  if (!statement.active || typeof json !== 'object' || json === null) return statement
  // A client may have chosen some of the claims, so these faults refuse its token and do not count as failures of the
  // issuer.
  if (hasDuplicateMembers(text)) return { active: false, ...failureOf('claim_invalid', 'duplicate', {}) }
  return freezeWithin(json, DEEPEST_NESTING)
    ? statement
    : { active: false, ...failureOf('claim_invalid', 'nesting', {}) }
}

/** Reads a response that another process got, like one of a call. */
export function readShared<T extends Statement>(
  read: (response: RemoteResponse, token: string) => T,
  response: RemoteResponse,
  token: string,
): T | Failure | Inactive {
  const { status, json } = response
  try {
    return rejectAmbiguous(
      read(response, token),
      { status, headers: new Headers(), text: JSON.stringify(json) },
      json,
    )
  } catch {
    // A custom reader that throws has not read a statement about the token.
    return { fault: 'issuer_unavailable', detail: 'the read function of the issuer threw an error' }
  }
}

/** Shorter tokens are not masked, because they occur in other words. */
const SHORTEST_MASKED = 16

const MASK = '[token]'

/** Replaces the token in a string. */
export function maskIn(text: string, token: string): string {
  return token.length < SHORTEST_MASKED ? text : maskForms(text, [token])
}

function maskForms(text: string, forms: readonly string[]): string {
  return forms.reduce((masked, form) => masked.replaceAll(form, MASK), text)
}

/**
 * Replaces the token in the members of a response, also in base64 and in a string in base64. A response that repeats the token would otherwise put it into the claims of
 * an access token and into the details of refusals, where it could also be cut to a part that no search finds.
 *
 * @param body - the response. A backslash may hide the token in it, such as `\\/` for a slash.
 */
export function maskToken(json: unknown, body: string, token: string): unknown {
  if (token.length < SHORTEST_MASKED) return json
  // Most responses are shorter than a copy would be.
  const forms = [token, ...(body.length < shortestCopy(token) ? [] : base64Copies(token))]
  if (!body.includes('\\') && !forms.some((form) => body.includes(form))) return json
  return maskStrings(json, (string) => maskForms(string, forms))
}

/** Converts an introspection result to a confirmation. An empty audience counts as not stated. */
export function toConfirmation(result: RemoteResult): ConfirmationResult {
  if ('fault' in result || !result.active) return result
  const { audience, ...facts } = result.facts
  return { active: true, facts: audience.length === 0 ? facts : { ...facts, audience } }
}
