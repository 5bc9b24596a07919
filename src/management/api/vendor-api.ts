import { optional, type Result, type TableOf } from '../../options/reader.js'
import { func } from '../../options/readers.js'
import { duration, type Duration } from '../../options/duration.js'
import { exchange } from '../../http/exchange.js'
import { ExchangeError } from '../../http/exchange-error.js'
import { isTemporaryOutcome, retry } from '../../http/retry.js'
import type { HttpResponse } from '../../http/transport/messages.js'
import { createTransport, type Transport } from '../../http/transport/transport.js'
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

/** Options that every management client has. */
export interface ManagementOptions {
  /**
   * Deadline of one operation, from connection to last byte, including a retry. From `'10ms'` to `'60s'`.
   *
   * @defaultValue `'10s'`
   */
  readonly deadline?: Duration
  /**
   * Custom `fetch`, such as one with a proxy or a private CA. Redirects are not followed.
   *
   * @defaultValue HTTP requests through `node:http` and `node:https`
   */
  readonly fetch?: typeof fetch
}

/** Readers of {@link ManagementOptions}. */
export const MANAGEMENT_OPTIONS = {
  deadline: duration({ min: '10ms', max: '60s', default: '10s' }),
  fetch: optional(func<typeof fetch>()),
} satisfies TableOf<ManagementOptions>

const MAX_BYTES = 4 * 1024 * 1024
/** Minimum and maximum delay before a retry, in seconds. */
const RETRY_PAUSES = [0.05, 0.15] as const

/** Calls a vendor's API within a deadline. Any response other than a usable 2xx becomes a {@link ManagementError}. */
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
   * Sends one call. A read is retried once after a network error or a 502, 503 or 504 without `Retry-After`. A
   * change is never retried.
   *
   * @throws ManagementError for anything but a 2xx response with a JSON object or without a body.
   * @throws The reason of `signal` once it is aborted.
   */
  async call(call: VendorCall): Promise<VendorResponse> {
    const settings = {
      deadlineSeconds: call.deadlineSeconds ?? this.#deadlineSeconds,
      retries: (call.isRepeatable ?? call.isRead) ? 1 : 0,
      pauses: RETRY_PAUSES,
      signal: call.signal,
    }
    const attempt = (seconds: number): Promise<HttpResponse | ExchangeError> => this.#attempt(call, seconds)
    const outcome = await retry(settings, attempt, isTemporaryOutcome)
    return readResponse(this.#profile, call, outcome)
  }

  /** Deadline of an operation in seconds. */
  get deadlineSeconds(): number {
    return this.#deadlineSeconds
  }

  /** Creates the error for a 2xx response that lacks a required field. */
  incompleteResponse(call: Pick<VendorCall, 'operation' | 'isRead'>, problem: string): ManagementError {
    return incompleteResponseError(this.#profile, call, problem)
  }

  /** Creates the error for a failure that the vendor reports in a 2xx response. */
  reportedFailure(call: VendorCall, failure: ReportedFailure): ManagementError {
    return reportedFailureError(this.#profile, call, failure)
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
        tls: call.tls,
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
