import { ConfigurationError } from '../../options/configuration-error.js'
import { isListOf } from '../../util/members.js'
import { safeLine } from '../../util/quote.js'
import type { VerificationSource } from '../access-token.js'
import { MAX_DETAIL_LENGTH } from '../detail/format.js'
import { isScopeToken } from '../scopes.js'

/** Optional properties of a `Refusal`. */
export interface RefusalDetails {
  /**
   * Sentence to send in place of the reason's own. Cut after 200 characters; characters that RFC 6750 section 3 forbids
   * are replaced by `_`.
   *
   * @defaultValue the sentence of the reason, see `docs/reference/errors.md`
   */
  readonly description?: string | undefined
  /** Name of the configured issuer that the token was routed to. */
  readonly issuer?: string | undefined
  /** Source of the finding. */
  readonly source?: VerificationSource | undefined
  /** Scopes that the resource requires, for `scope_insufficient`. Sent as `scope` in the challenge. */
  readonly required?: readonly string[] | undefined
  /**
   * Age in seconds from which the resource refuses a token, for `token_too_old`. Sent as `max_age` in the challenge, rounded
   * down, so that a token source of `m2m-guard/client` renews its tokens ahead of it.
   */
  readonly maxAge?: number | undefined
  /**
   * Sentence for logs that states what was compared with what, or a function that creates it when it is first read. Never
   * sent. It must contain neither the token nor a credential.
   */
  readonly detail?: string | (() => string) | undefined
  /** Underlying error for logs. Never sent. */
  readonly cause?: unknown
  /**
   * Seconds after which the caller may retry, for status 503. Sent as an integer from 1 to 120.
   *
   * @defaultValue 1
   */
  readonly retryAfterSeconds?: number | undefined
  /**
   * Protection space in the challenge (RFC 9110 section 11.5). Visible ASCII without spaces at its ends.
   *
   * @defaultValue `'api'`
   */
  readonly realm?: string | undefined
}

/** Matches a realm: visible ASCII, with spaces inside only. Such a value is valid in a quoted-string. */
export const REALM = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** Message for a realm that does not match {@link REALM}. */
export const REALM_EXPECTATION = 'must be a non-empty string of visible ASCII without a space at its ends'

/** Checks details that are written into headers: a line break would end the header. */
export function checkDetails({
  description,
  required,
  realm,
  retryAfterSeconds,
  maxAge,
  detail,
}: RefusalDetails): void {
  if (detail !== undefined && typeof (detail as unknown) !== 'string' && typeof detail !== 'function')
    throw new ConfigurationError('Refusal.detail', 'must be a string, or a function that returns one')
  if (description !== undefined && typeof (description as unknown) !== 'string')
    throw new ConfigurationError('Refusal.description', 'must be a string')
  if (required !== undefined && !isListOf(required, isScopeToken))
    throw new ConfigurationError('Refusal.required', 'must be a list of scopes (RFC 6749 section 3.3)')
  if (realm !== undefined && !(typeof (realm as unknown) === 'string' && REALM.test(realm)))
    throw new ConfigurationError('Refusal.realm', REALM_EXPECTATION)
  if (
    retryAfterSeconds !== undefined &&
    !(typeof (retryAfterSeconds as unknown) === 'number' && !Number.isNaN(retryAfterSeconds))
  )
    throw new ConfigurationError('Refusal.retryAfterSeconds', 'must be a number of seconds')
  if (maxAge !== undefined && !Number.isFinite(maxAge))
    throw new ConfigurationError('Refusal.maxAge', 'must be a number of seconds')
}

/** Reads a detail. A custom function may throw or return any value, which must not fail the log that reads it. */
export function readDetail(detail: RefusalDetails['detail']): string | undefined {
  try {
    const sentence: unknown = typeof detail === 'function' ? detail() : detail
    return typeof sentence === 'string' && sentence !== '' ? safeLine(sentence, MAX_DETAIL_LENGTH) : undefined
  } catch {
    return undefined
  }
}
