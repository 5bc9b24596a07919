import type { ResponseHeaders } from '../../http/transport/messages.js'
import type { Vendor } from './management-error.js'

/** Details of a failure, read from a vendor's response. */
export interface VendorProblem {
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly requestId?: string | undefined
}

/** A vendor's API: its base URL and the format of its errors. */
export interface VendorProfile {
  readonly vendor: Vendor
  /** Name of the vendor in messages. */
  readonly title: string
  /** Base URL, without a trailing slash. */
  readonly base: string
  /** Reads the details of a failure; `json` is `undefined` if the body is not JSON. */
  readonly readProblem: (response: {
    readonly json: unknown
    readonly headers: ResponseHeaders
  }) => VendorProblem
  /** What to do about a failure, as one sentence without a full stop. */
  readonly advise: (operation: string, status: number, code: string | undefined) => string | undefined
}
