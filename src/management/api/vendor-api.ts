import { setTimeout as pause } from 'node:timers/promises'
import { optional, type Result, type TableOf } from '../../options/reader.js'
import { func } from '../../options/readers.js'
import { duration, type Duration } from '../../options/duration.js'
import { exchange, ExchangeError, UnreadableResponseError, type HttpResponse } from '../../http/exchange.js'
import { waitFor } from '../../util/abort.js'
import type { ManagementError } from './management-error.js'
import { readResponse, refused, unreadable, type ReportedRefusal, type VendorResponse } from './response.js'
import { bodyOf, queryOf, type VendorCall } from './call.js'
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
const PASSING_TROUBLES = [502, 503, 504]
const SHORTEST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 150

/** Calls a vendor's API within a deadline, and turns whatever is no good answer into a {@link ManagementError}. */
export class VendorApi {
  readonly #profile: VendorProfile
  readonly #deadlineSeconds: number
  readonly #fetch: typeof fetch | undefined

  constructor(profile: VendorProfile, options: Result<typeof MANAGEMENT_OPTIONS>) {
    this.#profile = profile
    this.#deadlineSeconds = options.deadline
    this.#fetch = options.fetch
  }

  /**
   * Makes one call. What changes nothing is tried a second time after a network error or a 502, 503 or 504
   * without `Retry-After`; what changes something never is.
   *
   * @throws ManagementError for anything but a 2xx answer with a JSON object, or with no body at all.
   * @throws The reason of `signal`, once it is aborted.
   */
  async call(call: VendorCall): Promise<VendorResponse> {
    const { signal } = call
    const started = performance.now()
    const deadline = call.deadlineSeconds ?? this.#deadlineSeconds
    for (let left = (call.isRepeatable ?? call.isRead) ? 1 : 0, remaining = deadline; ; left -= 1) {
      const attempt = await this.#attempt(call, remaining)
      const wait = SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS)
      remaining = deadline - (performance.now() - started + wait) / 1000
      if (left === 0 || !isPassing(attempt) || remaining <= 0)
        return readResponse(this.#profile, call, attempt)
      // The timer listens so that none is left behind; its own error would hide the reason of the signal.
      await waitFor(pause(wait, undefined, { signal }), signal)
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
    return unreadable(this.#profile, call, lacking)
  }

  /** The failure of an operation that the vendor tells of in an answer whose status says nothing. */
  refused(call: VendorCall, told: ReportedRefusal): ManagementError {
    return refused(this.#profile, call, told)
  }

  async #attempt(call: VendorCall, deadlineSeconds: number): Promise<HttpResponse | ExchangeError> {
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
}

/** Whether asking again may bring something better. */
function isPassing(attempt: HttpResponse | ExchangeError): boolean {
  if (attempt instanceof ExchangeError) return !(attempt instanceof UnreadableResponseError)
  return PASSING_TROUBLES.includes(attempt.status) && !attempt.headers.has('retry-after')
}
