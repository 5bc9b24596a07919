import type { VerificationSource } from '../access-token.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import {
  bodyOf,
  contentTypeOf,
  oauthOf,
  type RefusalJson,
  RESPONSE_OPTIONS,
  type RefusalResponseOptions,
} from './body.js'
import { headersOf, sanitizeDescription } from './headers.js'
import { checkDetails, readDetail, type RefusalDetails } from './details.js'
import { REFUSALS, type RefusalResponse, type RefusalError, type RefusalReason } from './reasons.js'

/** Failure of a token's verification, returned by the functions of an issuer. */
export interface VerificationFailure {
  /** Reason of the refusal. */
  readonly reason: RefusalReason
  /**
   * Sentence for logs, available as `refusal.detail` and in events: what was compared with what. Cut after 500 characters;
   * control and invisible characters are escaped. It must contain neither the token nor a credential.
   */
  readonly detail: string
}

/** Whether a result is a failure. */
export function isVerificationFailure(result: object): result is VerificationFailure {
  return Object.hasOwn(result, 'reason')
}

/** Describes the cause of a failure for logs. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** Creates the refusal of a token that fails verification. */
export function refusalFor({ reason, detail }: VerificationFailure): Refusal {
  return new Refusal(reason, { detail, cause: createCause(detail) })
}

/**
 * Creates the `cause` of a refusal. Without stack frames, because they would all be of this package, and an attacker decides
 * how often they are collected.
 */
export function createCause(message: string): Error {
  const { stackTraceLimit } = Error
  Reflect.set(Error, 'stackTraceLimit', 0)
  const cause = new Error(message)
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  return cause
}

/** A result, or a refusal in its place. Internal functions return refusals; only public functions throw them. */
export type OrRefusal<T> = T | Refusal

/**
 * Whether a result is a refusal created by this copy of the package. Each request compares several results, and the
 * `instanceof` of {@link Refusal}, which recognizes other copies, cost measurable time on every request.
 */
export function isRefusal(result: unknown): result is Refusal {
  return result instanceof LocalRefusal
}

/**
 * Converts a refusal that a custom issuer has thrown to one of this copy of the package, because {@link isRefusal}
 * recognizes no other.
 *
 * @throws the error itself if it is not a refusal.
 */
export function thrownRefusal(error: unknown): Refusal {
  if (isRefusal(error)) return error
  if (!(error instanceof Refusal)) throw error
  const { reason, description, issuer, source, required, detail, cause, headers } = error
  const seconds = Number(headers['Retry-After'])
  const retryAfterSeconds = Number.isNaN(seconds) ? undefined : seconds
  return new Refusal(reason, { description, issuer, source, required, detail, cause, retryAfterSeconds })
}

/** Property that marks a refusal for other copies of the package of the same major version. */
const REFUSAL = Symbol.for('m2m-guard@0/refusal')

let copyWithDetail: (refusal: Refusal, change: (detail: string) => string) => Refusal

/** Returns a copy of a refusal whose detail is changed when it is read. */
export function withChangedDetail(refusal: Refusal, change: (detail: string) => string): Refusal {
  return copyWithDetail(refusal, change)
}

/** Base class of the refusals of this copy of the package: see {@link isRefusal}. */
class LocalRefusal extends Error {}

/**
 * Refusal of a request: refused (400, 401 or 403: the token was checked and is not acceptable) or undecidable (503: the
 * token could not be checked).
 *
 * It contains the complete HTTP response, so that the error handling of Express, Koa, Fastify or Hono can send it. Its
 * `reason` and `cause` are for logs and must not be sent.
 *
 * @example
 * ```ts
 * try {
 *   await verifier.verify(token)
 * } catch (error) {
 *   if (error instanceof Refusal) console.log(error.status, error.reason)
 *   else throw error
 * }
 * ```
 */
export class Refusal extends LocalRefusal {
  /** Name of the error class, for logs: always `'Refusal'`. */
  override readonly name = 'Refusal'
  /** Reason of the refusal, as a stable code. For logs, not for responses. */
  readonly reason: RefusalReason
  /** HTTP status of the response. */
  readonly status: 400 | 401 | 403 | 503
  /** OAuth error code (RFC 6750 section 3.1); `undefined` for `token_missing`. */
  readonly error: RefusalError | undefined
  /** Sentence that is safe to send to the caller. */
  readonly description: string
  /**
   * Headers of the response: `WWW-Authenticate` (400, 401, `scope_insufficient`), `Retry-After` (503),
   * `Cache-Control: no-store`.
   */
  readonly headers: Readonly<Record<string, string>>
  /** Allows Express, Koa and http-errors to send status, message and headers. */
  readonly expose = true
  /** Name of the configured issuer; `undefined` if the token was not routed to one. */
  readonly issuer: string | undefined
  /** Source of the finding; `undefined` if the token was not checked. */
  readonly source: VerificationSource | undefined
  /** Scopes that the resource requires, for `scope_insufficient`. */
  readonly required: readonly string[] | undefined

  readonly #details: RefusalDetails
  #detail: string | undefined

  /**
   * Creates a refusal.
   *
   * @throws ConfigurationError for an unknown reason, and for a detail that is not valid in a header.
   */
  constructor(reason: RefusalReason, options: RefusalDetails = {}) {
    if (!Object.hasOwn(REFUSALS, reason))
      throw new ConfigurationError('Refusal.reason', 'is not a known reason. Use a value of RefusalReason')
    const response: RefusalResponse = REFUSALS[reason]
    // Without a prototype, because properties of a polluted prototype would be sent to callers.
    const details = { __proto__: null, ...options } as RefusalDetails
    checkDetails(details)
    const description = sanitizeDescription(details.description ?? '') || response.description
    // A refusal is an expected outcome, and a stack trace for each invalid token would cost time under attack.
    const { stackTraceLimit } = Error
    Reflect.set(Error, 'stackTraceLimit', 0)
    super(description)
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
    this.reason = reason
    this.status = response.status
    this.error = response.error as RefusalError | undefined
    this.description = description
    this.issuer = details.issuer
    this.source = details.source
    this.required = details.required
    this.headers = Object.freeze(headersOf(response, description, details))
    // Error pages of development modes show the stack, so it contains only the description.
    this.stack = `${this.name}: ${description}`
    // Not enumerable, like the `cause` of an Error, so that serializing a refusal does not reveal it.
    if (details.cause !== undefined) {
      Object.defineProperty(this, 'cause', { value: details.cause, configurable: true, writable: true })
    }
    this.#details = details
  }

  static {
    copyWithDetail = (refusal: Refusal, change: (detail: string) => string): Refusal => {
      if (!(#details in refusal)) return refusal
      return new Refusal(refusal.reason, { ...refusal.#details, detail: () => change(refusal.detail ?? '') })
    }
  }

  /**
   * Whether a value is a refusal of this or another copy of the package with the same major version. An application may
   * import `Refusal` and its guard from different copies.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass recognizes its own instances only.
    if (this !== Refusal) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && REFUSAL in value
  }

  /** Marks the class by its presence. A method, because a field would be visible in every refusal. */
  [REFUSAL](): void {
    // Never called.
  }

  /**
   * Sentence for logs that states what was compared with what, such as the audience of the token and the configured one. At
   * most 500 characters; values from outside are quoted and cut. It contains neither the token nor a credential.
   *
   * Never send it: an unauthenticated caller would learn the configuration. It is in no response, message or JSON. `undefined`
   * only for a refusal of your code that has none.
   */
  get detail(): string | undefined {
    // `Refusal.prototype` itself has no details.
    if (!(#details in this)) return undefined
    this.#detail ??= readDetail(this.#details.detail)
    return this.#detail
  }

  /** HTTP status of the response, as {@link status}. Fastify and Express read this name first. */
  get statusCode(): number {
    return this.status
  }

  /**
   * Returns a copy with another protection space in its challenge (RFC 9110 section 11.5).
   *
   * @throws ConfigurationError if `realm` is not a non-empty string of visible ASCII without spaces at its ends.
   * @example
   * ```ts
   * const refusal = new Refusal('token_missing').withRealm('orders')
   * ```
   */
  withRealm(realm: string): Refusal {
    return new Refusal(this.reason, { ...this.#details, realm })
  }

  /**
   * Returns a copy with the issuer and the source of the finding, unless the refusal already states both.
   *
   * @example
   * ```ts
   * const refusal = new Refusal('token_expired').withOrigin('https://auth.example.com', 'local')
   * ```
   */
  withOrigin(issuer: string, source: VerificationSource): Refusal {
    if (this.issuer !== undefined && this.source !== undefined) return this
    const { issuer: statedIssuer = issuer, source: statedSource = source } = this.#details
    return new Refusal(this.reason, { ...this.#details, issuer: statedIssuer, source: statedSource })
  }

  /**
   * Returns the response of the refusal as a global `Response`, for fetch servers: status, headers and JSON body of a guard.
   *
   * @throws ConfigurationError for an unknown option, or an invalid `body` or `realm`.
   * @example
   * ```ts
   * const response = new Refusal('token_missing').toResponse({ body: 'problem', realm: 'orders' })
   * ```
   */
  toResponse(options: RefusalResponseOptions = {}): Response {
    const { body, realm } = readOptions('Refusal.toResponse', options, RESPONSE_OPTIONS)
    const { status, headers } = realm === undefined ? this : this.withRealm(realm)
    const init = { status, headers: { ...headers, 'Content-Type': contentTypeOf(body) } }
    return new Response(JSON.stringify(bodyOf(this, body)), init)
  }

  /**
   * Returns the same response as `toResponse()`. Hono's error handling calls a method of this name on a thrown error.
   *
   * @example
   * ```ts
   * const response = new Refusal('token_missing').getResponse()
   * ```
   */
  getResponse(): Response {
    return this.toResponse()
  }

  /**
   * Returns what a caller may see, which is also the default body of the response. `JSON.stringify(refusal)` therefore
   * reveals neither the reason nor the issuer.
   *
   * @example
   * ```ts
   * const { error_description } = new Refusal('token_missing').toJSON()
   * ```
   */
  toJSON(): RefusalJson {
    return oauthOf(this)
  }
}

/** Whether a refusal means that the token could not be checked (503). */
export function isUndecidable(refusal: Refusal): boolean {
  return refusal.status === 503
}
