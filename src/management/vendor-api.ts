import { ConfigurationError, isRecord, optionalFunction, ownOptions } from '../configuration.js'
import { createClock } from '../clock.js'
import { durationOr, type Duration } from '../duration.js'
import {
  exchange,
  ExchangeError,
  parseJson,
  retryAfterSeconds,
  UnreadableAnswerError,
  type ExchangeAnswer,
} from '../exchange.js'
import { withoutSecrets } from '../redaction.js'
import { ManagementError, type ManagementFailure, type Vendor } from './management-error.js'

/** Options of every management client. */
export interface ManagementOptions {
  /** Bounds one operation, from connection to last byte, a second attempt included. Default `'10s'`, at most `'60s'`. */
  readonly deadline?: Duration
  /** An own fetch: a proxy, a private CA. Redirects are not followed through it. */
  readonly fetch?: typeof fetch
}

/** The names of {@link ManagementOptions}, for the list of options a management client knows. */
export const MANAGEMENT_OPTIONS = { deadline: true, fetch: true } as const

/** What every operation takes beside its own input. */
export interface CallOptions {
  /** Gives the call up: it rejects with the signal's reason. A change may have been made all the same. */
  readonly signal?: AbortSignal
}

/** What a vendor says of a failure, read from its answer. */
export interface VendorProblem {
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly requestId?: string | undefined
}

/** A vendor's API: where it is, and how it words its failures. */
export interface VendorProfile {
  readonly vendor: Vendor
  /** The vendor's name in sentences. */
  readonly title: string
  /** Without a slash at the end. */
  readonly base: string
  /** Reads a failure; `json` is undefined where the body is none. */
  readonly readProblem: (answer: { readonly json: unknown; readonly headers: Headers }) => VendorProblem
  /** What to do about a failure, in one sentence without a full stop. */
  readonly advise: (operation: string, status: number, code: string | undefined) => string | undefined
}

/** One call of an operation. */
export interface VendorCall {
  /** As the user knows it: `clerkTokens.revoke`. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the base, with every part encoded: see {@link pathPart}. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly headers: Readonly<Record<string, string>>
  /** Sent as JSON; members that are undefined are left out. */
  readonly json?: Readonly<Record<string, unknown>>
  /** Sent as a form, in place of JSON. */
  readonly form?: Readonly<Record<string, string>>
  /** Whether it changes nothing: only then is it repeated after a passing trouble. */
  readonly isRead: boolean
  /** Whether it may be repeated, where that is not the same: a proof that is good for one time is not sent twice. */
  readonly isRepeatable?: boolean
  /** In place of the client's own deadline: what is left of it, for the second call of an operation. */
  readonly deadlineSeconds?: number
  /** What must not appear in an error, should the vendor quote it. */
  readonly secrets: readonly string[]
  /** Whether a 2xx answer says all by its status, whatever its body, unless that is a page for people. */
  readonly ignoresBody?: boolean
  readonly signal?: AbortSignal | undefined
}

/** A 2xx answer. */
export interface VendorAnswer {
  readonly status: number
  readonly headers: Headers
  /** The JSON object; empty for an answer without a body. */
  readonly json: Readonly<Record<string, unknown>>
  /** The body as it came, for what JSON numbers cannot hold. */
  readonly text: string
}

const MAX_BYTES = 4 * 1024 * 1024
const PASSING_TROUBLES = [502, 503, 504]
const SHORTEST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 150
/** Nobody was there to make a change. */
const NEVER_ARRIVED = /\((?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\)$/
const CHECK_ADDRESS = 'Something other than the API may be answering: check the address'

/** Calls a vendor's API within a deadline, and turns whatever is no good answer into a {@link ManagementError}. */
export class VendorApi {
  readonly #profile: VendorProfile
  readonly #deadlineSeconds: number
  readonly #fetch: typeof fetch | undefined

  constructor(where: string, profile: VendorProfile, options: ManagementOptions) {
    this.#profile = profile
    this.#deadlineSeconds = durationOr(`${where}.deadline`, options.deadline, 10, { min: 0.01, max: 60 })
    this.#fetch = optionalFunction(`${where}.fetch`, options.fetch)
  }

  /**
   * Makes one call. What changes nothing is tried a second time after a network error or a 502, 503 or 504
   * without `Retry-After`; what changes something never is.
   *
   * @throws ManagementError for anything but a 2xx answer with a JSON object, or with no body at all.
   * @throws The reason of `signal`, once it is aborted.
   */
  async call(call: VendorCall): Promise<VendorAnswer> {
    const started = performance.now()
    const deadline = call.deadlineSeconds ?? this.#deadlineSeconds
    for (let left = (call.isRepeatable ?? call.isRead) ? 1 : 0, remaining = deadline; ; left -= 1) {
      const attempt = await this.#attempt(call, remaining)
      const isPassing =
        attempt instanceof ExchangeError
          ? !(attempt instanceof UnreadableAnswerError)
          : PASSING_TROUBLES.includes(attempt.status) && !attempt.headers.has('retry-after')
      const wait = SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS)
      remaining = deadline - (performance.now() - started + wait) / 1000
      if (left === 0 || !isPassing || remaining <= 0) return this.#read(call, attempt)
      await pause(wait, call.signal)
    }
  }

  /** Bounds one operation, where a call does not say otherwise. */
  get deadlineSeconds(): number {
    return this.#deadlineSeconds
  }

  /** What is left of the deadline of an operation that started at some `performance.now()`, for its next call. */
  timeLeft(startedMs: number): { readonly deadlineSeconds: number } {
    const left = this.#deadlineSeconds - (performance.now() - startedMs) / 1000
    return { deadlineSeconds: Math.max(left, 0.001) }
  }

  /** The failure of an operation whose 2xx answer does not hold what it must. */
  unreadable(call: Pick<VendorCall, 'operation' | 'isRead'>, lacking: string): ManagementError {
    return new ManagementError({
      vendor: this.#profile.vendor,
      operation: call.operation,
      problem: `${this.#profile.title} answered without ${lacking}`,
      advice: CHECK_ADDRESS,
      isUncertain: !call.isRead,
    })
  }

  /** The failure of an operation that the vendor tells of in an answer whose status says nothing. */
  refused(
    call: VendorCall,
    told: VendorProblem &
      Pick<ManagementFailure, 'status' | 'advice' | 'isUncertain'> & { readonly what: string },
  ): ManagementError {
    const { vendor, title } = this.#profile
    const { what, status, advice, isUncertain } = told
    const { code, message, requestId } = shown(told, call.secrets)
    const said = message === undefined ? '' : `: ${message}`
    const problem = `${title} answered ${what}${code === undefined ? '' : ` ${code}`}${said}`
    const { operation } = call
    const failed = { vendor, operation, problem, advice, status, code, requestId, isUncertain }
    return new ManagementError(failed)
  }

  async #attempt(call: VendorCall, deadlineSeconds: number): Promise<ExchangeAnswer | ExchangeError> {
    const { body, type } = bodyOf(call)
    try {
      return await exchange({
        url: `${this.#profile.base}${call.path}${queryOf(call)}`,
        method: call.method,
        headers: {
          accept: 'application/json',
          ...(type === undefined ? {} : { 'content-type': type }),
          ...call.headers,
        },
        ...(body === undefined ? {} : { body }),
        deadlineSeconds,
        maxBytes: MAX_BYTES,
        fetch: this.#fetch,
        signal: call.signal,
      })
    } catch (error) {
      if (error instanceof ExchangeError) return error
      throw error
    }
  }

  #read(call: VendorCall, attempt: ExchangeAnswer | ExchangeError): VendorAnswer {
    const { vendor, title, readProblem, advise } = this.#profile
    const failed = { vendor, operation: call.operation }
    if (attempt instanceof ExchangeError) {
      throw new ManagementError({
        ...failed,
        problem: `${title} gave ${attempt.message}`,
        advice: 'Check the address and the way there',
        isUncertain: !call.isRead && !NEVER_ARRIVED.test(attempt.message),
      })
    }
    const { status, headers, text } = attempt
    const json = text.trim() === '' ? {} : parseJson(text)
    if (status >= 200 && status < 300) {
      if (call.ignoresBody === true && !isPage(headers)) return { status, headers, json: {}, text }
      if (isRecord(json)) return { status, headers, json, text }
      const problem = `${title} answered ${status} with something that is no JSON object`
      const advice = CHECK_ADDRESS
      throw new ManagementError({ ...failed, problem, advice, status, isUncertain: !call.isRead })
    }
    const told = readProblem({ json: isRecord(json) ? json : undefined, headers })
    const { code, message, requestId } = shown(told, call.secrets)
    const words = [
      `${title} answered ${status}`,
      code === String(status) ? undefined : code,
      isRecord(json) ? undefined : 'with something that is no JSON object',
    ]
    const said = message === undefined ? '' : `: ${message}`
    throw new ManagementError({
      ...failed,
      problem: words.filter((word) => word !== undefined).join(' ') + said,
      advice:
        status >= 300 && status < 400
          ? 'Redirects are not followed: check the address'
          : advise(call.operation, status, code),
      status,
      code,
      requestId,
      retryAfter: retryAfterSeconds(headers, createClock().now()),
      // A gateway's answer says nothing of what the vendor behind it has done.
      isUncertain: !call.isRead && status >= 500,
    })
  }
}

/** A page for people, such as a proxy's request to log in: it does not come from an API. */
function isPage(headers: Headers): boolean {
  return /\bhtml\b/i.test(headers.get('content-type') ?? '')
}

/**
 * A part of a path: an id with a slash in it must not name another resource.
 *
 * @throws ConfigurationError naming the option that no path can hold.
 */
export function pathPart(option: string, value: string): string {
  // A part of dots alone would be taken for a step up, encoded or not; half a character has no encoding.
  if (/^\.{1,2}$|\p{Cs}/u.test(value))
    throw new ConfigurationError(option, 'is no id: it cannot stand in a path')
  return encodeURIComponent(value)
}

/** The signal of a call. Anything else in its place would be a way to give up that does nothing. */
export function signalOf(operation: string, options: CallOptions | undefined): AbortSignal | undefined {
  const { signal } = ownOptions<CallOptions>(`${operation}.options`, options ?? {}, { signal: true })
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new ConfigurationError(`${operation}.options.signal`, 'must be an AbortSignal')
  return signal
}

function bodyOf(call: VendorCall): { readonly body?: string; readonly type?: string } {
  if (call.form !== undefined) {
    return { body: new URLSearchParams(call.form).toString(), type: 'application/x-www-form-urlencoded' }
  }
  if (call.json === undefined) return {}
  try {
    return { body: JSON.stringify(call.json), type: 'application/json' }
  } catch {
    throw new ConfigurationError(call.operation, 'must hold nothing but values of JSON, and none too deep')
  }
}

function queryOf({ query = {} }: VendorCall): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) form.set(name, String(value))
  return form.size === 0 ? '' : `?${form.toString()}`
}

/** What a vendor says, without secrets, and of each at most 300 characters: it will stand in a log. */
function shown({ code, message, requestId }: VendorProblem, secrets: readonly string[]): VendorProblem {
  const show = (quoted = ''): string | undefined => {
    const line = withoutSecrets(quoted, secrets).replace(/\.$/, '')
    return line.length > 300 ? `${line.slice(0, 300)}…` : line || undefined
  }
  return { code: show(code), message: show(message), requestId: show(requestId) }
}

/** Waits, or rejects with the reason of the signal as soon as it is aborted. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      clearTimeout(timer)
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', give)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', give, { once: true })
  })
}
