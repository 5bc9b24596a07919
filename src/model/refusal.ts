import type { VerificationSource } from './access-token.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { isScopeToken } from './scopes.js'
import { REFUSALS, type RefusalResponse, type RefusalError, type RefusalReason } from './refusal-reasons.js'

/** Why a token fails verification: the reason, and for logs a sentence that names the member, never its value. */
export interface VerificationFailure {
  readonly reason: RefusalReason
  readonly detail: string
}

/** Whether a result is a failure and not facts. */
export function isVerificationFailure(result: object): result is VerificationFailure {
  return Object.hasOwn(result, 'reason')
}

/** The refusal of a token that fails verification. */
export function refusalFor({ reason, detail }: VerificationFailure): Refusal {
  return new Refusal(reason, { cause: new Error(detail) })
}

/** A result, or the refusal in its place: inside the library refusals are returned, only public functions throw them. */
export type OrRefusal<T> = T | Refusal

/**
 * Whether a result of this copy of the package is a refusal. Several results are compared for each request, and the
 * `instanceof` of {@link Refusal}, which recognizes other copies, cost measurable time on every request.
 */
export function isRefusal(result: unknown): result is Refusal {
  return result instanceof OwnRefusal
}

/**
 * The refusal that a function of a custom issuer has thrown, as one of this copy of the package: {@link isRefusal} knows
 * no other.
 *
 * @throws the error itself if it is not a refusal.
 */
export function thrownRefusal(error: unknown): Refusal {
  if (isRefusal(error)) return error
  if (!(error instanceof Refusal)) throw error
  const { reason, description, issuer, source, required, cause, headers } = error
  const seconds = Number(headers['Retry-After'])
  const retryAfterSeconds = Number.isNaN(seconds) ? undefined : seconds
  return new Refusal(reason, { description, issuer, source, required, cause, retryAfterSeconds })
}

/** What a {@link Refusal} may know beyond its reason. */
export interface RefusalDetails {
  /** A sentence to send instead of the reason's own. Characters RFC 6750 forbids are replaced. */
  readonly description?: string | undefined
  /** The configured issuer concerned. */
  readonly issuer?: string | undefined
  /** Where the finding came from. */
  readonly source?: VerificationSource | undefined
  /** The scopes the resource needs, for `scope_insufficient`. */
  readonly required?: readonly string[] | undefined
  /** What went wrong inside; for logs, never sent. */
  readonly cause?: unknown
  /** Seconds after which another attempt makes sense, for 503. Sent as a whole number from 1 to 120. */
  readonly retryAfterSeconds?: number | undefined
  /** The protection space named in the challenge (RFC 9110 section 11.5). */
  readonly realm?: string | undefined
}

/** Marks a refusal for other copies of the package of the same major version: see the `instanceof` of {@link Refusal}. */
const REFUSAL = Symbol.for('m2m-guard@0/refusal')

const DEFAULT_REALM = 'api'
const DEFAULT_RETRY_SECONDS = 1
const LONGEST_RETRY_SECONDS = 120

/** The refusals of this copy of the package. */
class OwnRefusal extends Error {}

/**
 * The answer to a request that may not pass: refused (400, 401, 403: checked, and bad) or undecidable
 * (503: could not be checked). Carries the whole HTTP answer, so that any framework's own error handling
 * can send it.
 */
export class Refusal extends OwnRefusal {
  override readonly name = 'Refusal'
  /** Why, as a stable code. */
  readonly reason: RefusalReason
  /** The HTTP status to answer with. */
  readonly status: 400 | 401 | 403 | 503
  /** The OAuth error code (RFC 6750 section 3.1); undefined for `token_missing`. */
  readonly error: RefusalError | undefined
  /** A sentence that is safe to send to the caller. */
  readonly description: string
  /** `WWW-Authenticate` (400, 401 and insufficient scope), `Retry-After` (503), `Cache-Control: no-store`. */
  readonly headers: Readonly<Record<string, string>>
  /** Tells Express, Koa and http-errors that status, message and headers may be sent. */
  readonly expose = true
  /** The configured issuer concerned, where the token was routed to one. */
  readonly issuer: string | undefined
  /** Where the finding came from, where the token was looked at. */
  readonly source: VerificationSource | undefined
  /** The scopes the resource needs, for `scope_insufficient`. */
  readonly required: readonly string[] | undefined

  readonly #details: RefusalDetails

  /** @throws ConfigurationError for an unknown reason, and for a detail that must not reach a header. */
  constructor(reason: RefusalReason, given: RefusalDetails = {}) {
    if (!Object.hasOwn(REFUSALS, reason))
      throw new ConfigurationError('Refusal.reason', 'is not a known reason')
    const answer: RefusalResponse = REFUSALS[reason]
    // Without a prototype: what a polluted one says would be sent to callers.
    const details = { __proto__: null, ...given } as RefusalDetails
    checkDetails(details)
    const description = sendable(details.description ?? '') || answer.description
    // An expected outcome, not a fault: frames would cost time under junk.
    const { stackTraceLimit } = Error
    Reflect.set(Error, 'stackTraceLimit', 0)
    super(description)
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
    this.reason = reason
    this.status = answer.status
    this.error = answer.error as RefusalError | undefined
    this.description = description
    this.issuer = details.issuer
    this.source = details.source
    this.required = details.required
    this.headers = Object.freeze(headersOf(answer, description, details))
    // What development error pages show of an error is its stack, so it holds no more than may be sent.
    this.stack = `${this.name}: ${description}`
    // Not enumerable, like an Error's own cause: it is for whoever looks, not for whoever serialises.
    if (details.cause !== undefined) {
      Object.defineProperty(this, 'cause', { value: details.cause, configurable: true, writable: true })
    }
    this.#details = details
  }

  /**
   * Whether a value is a refusal of this or of another copy of the package of the same major version. An application may
   * import `Refusal` from another copy than the one that its guard came from.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // A class that extends this one is asked about its own instances only.
    if (this !== Refusal) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && REFUSAL in value
  }

  /** Only its presence counts. Not a field, which every refusal would carry and show. */
  [REFUSAL](): void {
    // Nobody calls it.
  }

  /** The same as {@link status}: the name Fastify and Express look for first. */
  get statusCode(): number {
    return this.status
  }

  /** The same refusal with another protection space in its challenge. */
  withRealm(realm: string): Refusal {
    return new Refusal(this.reason, { ...this.#details, realm })
  }

  /** The same refusal, naming the issuer it concerns and where the finding came from, where it does not yet. */
  withOrigin(issuer: string, source: VerificationSource): Refusal {
    if (this.issuer !== undefined && this.source !== undefined) return this
    const { issuer: ownIssuer = issuer, source: ownSource = source } = this.#details
    return new Refusal(this.reason, { ...this.#details, issuer: ownIssuer, source: ownSource })
  }
}

/** A realm: visible ASCII, and within it the space. These need no more than quoting. */
export const REALM = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

export const REALM_EXPECTATION = 'must be a non-empty string of visible ASCII without a space at its ends'

/** What ends up in a header is checked where it is given: a line break would end the header. */
function checkDetails({ description, required, realm, retryAfterSeconds }: RefusalDetails): void {
  if (description !== undefined && typeof (description as unknown) !== 'string')
    throw new ConfigurationError('Refusal.description', 'must be a string')
  if (required !== undefined && !(Array.isArray(required) && required.every(isScopeToken)))
    throw new ConfigurationError('Refusal.required', 'must be a list of scopes (RFC 6749 section 3.3)')
  if (realm !== undefined && !(typeof (realm as unknown) === 'string' && REALM.test(realm)))
    throw new ConfigurationError('Refusal.realm', REALM_EXPECTATION)
  if (
    retryAfterSeconds !== undefined &&
    !(typeof (retryAfterSeconds as unknown) === 'number' && !Number.isNaN(retryAfterSeconds))
  )
    throw new ConfigurationError('Refusal.retryAfterSeconds', 'must be a number of seconds')
}

/** Whether a refusal says "could not check" (503) and not "checked, and bad". */
export function isUndecidable(refusal: Refusal): boolean {
  return refusal.status === 503
}

function headersOf(
  answer: RefusalResponse,
  description: string,
  details: RefusalDetails,
): Record<string, string> {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' }
  if (answer.status === 503) {
    headers['Retry-After'] = String(wholeSeconds(details.retryAfterSeconds ?? DEFAULT_RETRY_SECONDS))
  } else if (answer.error !== 'access_denied') {
    headers['WWW-Authenticate'] = challenge(answer, description, details)
  }
  return headers
}

function wholeSeconds(seconds: number): number {
  return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(seconds)))
}

function challenge(answer: RefusalResponse, description: string, details: RefusalDetails): string {
  // The realm is always there: RFC 6750 section 3 wants at least one parameter after the scheme.
  const parameters = [`realm="${quotable(details.realm ?? DEFAULT_REALM)}"`]
  if (answer.error !== undefined) {
    parameters.push(`error="${answer.error}"`, `error_description="${description}"`)
  }
  if (details.required !== undefined) parameters.push(`scope="${details.required.join(' ')}"`)
  return `Bearer ${parameters.join(', ')}`
}

/** Escapes what a quoted-string needs escaped (RFC 9110 section 5.6.4). */
function quotable(text: string): string {
  return text.replace(/["\\]/g, '\\$&')
}

const LONGEST_DESCRIPTION = 200

/** RFC 6750 section 3 leaves `error_description` neither quote nor backslash nor anything beyond ASCII. */
function sendable(text: string): string {
  return text.slice(0, LONGEST_DESCRIPTION).replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '_')
}
