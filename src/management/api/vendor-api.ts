import { optional, type Result, type TableOf } from '../../options/reader.js'
import { func } from '../../options/readers.js'
import { duration, type Duration } from '../../options/duration.js'
import { exchange } from '../../http/exchange.js'
import { ExchangeError } from '../../http/exchange-error.js'
import { retry } from '../../http/retry.js'
import type { HttpResponse } from '../../http/transport/messages.js'
import { createTransport, type Transport } from '../../http/transport/transport.js'
import { timers } from '../../util/timers.js'
import type { ManagementError } from './management-error.js'
import {
  readResponse,
  reportedFailureError,
  incompleteResponseError,
  type ReportedFailure,
  type VendorResponse,
} from './response.js'
import { encodeBody, encodeQuery, type VendorCall } from './call.js'
import type { VendorProfile } from './vendor-profile.js'

/** Options of every management client. */
export interface ManagementOptions {
  /** Bounds one operation, from connection to last byte, a second attempt included. Default `'10s'`, at most `'60s'`. */
  readonly deadline?: Duration
  /** An own fetch: a proxy, a private CA. Redirects are not followed through it. */
  readonly fetch?: typeof fetch
}

/** The options of every management client. */
export const MANAGEMENT_OPTIONS = {
  deadline: duration({ min: '10ms', max: '60s', default: '10s' }),
  fetch: optional(func<typeof fetch>()),
} satisfies TableOf<ManagementOptions>

const MAX_BYTES = 4 * 1024 * 1024
/** The shortest and the longest pause before a second attempt, in seconds. */
const RETRY_PAUSES = [0.05, 0.15] as const

/** Calls a vendor's API within a deadline, and turns whatever is no good response into a {@link ManagementError}. */
export class VendorApi {
  readonly #profile: VendorProfile
  readonly #deadlineSeconds: number
  readonly #transport: Transport

  constructor(profile: VendorProfile, options: Result<typeof MANAGEMENT_OPTIONS>) {
    this.#profile = profile
    this.#deadlineSeconds = options.deadline
    this.#transport = createTransport(options.fetch)
  }

  /**
   * Makes one call. What changes nothing is tried a second time after a network error or a 502, 503 or 504
   * without `Retry-After`; what changes something never is.
   *
   * @throws ManagementError for anything but a 2xx response with a JSON object, or with no body at all.
   * @throws The reason of `signal`, once it is aborted.
   */
  async call(call: VendorCall): Promise<VendorResponse> {
    const settings = {
      deadlineSeconds: call.deadlineSeconds ?? this.#deadlineSeconds,
      retries: (call.isRepeatable ?? call.isRead) ? 1 : 0,
      pauses: RETRY_PAUSES,
      signal: call.signal,
    }
    const outcome = await retry(settings, (left) => this.#attempt(call, left))
    return readResponse(this.#profile, call, outcome)
  }

  /** Bounds one operation, where a call does not say otherwise. */
  get deadlineSeconds(): number {
    return this.#deadlineSeconds
  }

  /** What is left of the deadline of an operation that started at some `timers.elapsed()`, for its next call. */
  remainingDeadline(started: number): { readonly deadlineSeconds: number } {
    const left = this.#deadlineSeconds - (timers.elapsed() - started)
    return { deadlineSeconds: Math.max(left, 0.001) }
  }

  /** The failure of an operation whose 2xx response does not hold what it must. */
  incompleteResponse(call: Pick<VendorCall, 'operation' | 'isRead'>, lacking: string): ManagementError {
    return incompleteResponseError(this.#profile, call, lacking)
  }

  /** The failure of an operation that the vendor tells of in a response whose status says nothing. */
  reportedFailure(call: VendorCall, told: ReportedFailure): ManagementError {
    return reportedFailureError(this.#profile, call, told)
  }

  async #attempt(call: VendorCall, deadlineSeconds: number): Promise<HttpResponse | ExchangeError> {
    const { body, type } = encodeBody(call)
    try {
      return await exchange({
        url: `${this.#profile.base}${call.path}${encodeQuery(call)}`,
        method: call.method,
        headers: {
          accept: 'application/json',
          ...(type === undefined ? {} : { 'content-type': type }),
          ...call.headers,
        },
        ...(body === undefined ? {} : { body }),
        deadlineSeconds,
        maxBytes: MAX_BYTES,
        transport: this.#transport,
        signal: call.signal,
      })
    } catch (error) {
      if (error instanceof ExchangeError) return error
      throw error
    }
  }
}
