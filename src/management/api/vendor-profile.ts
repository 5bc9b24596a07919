import type { ResponseHeaders } from '../../http/transport/messages.js'
import type { Vendor } from './management-error.js'

/** What a vendor says of a failure, read from its response. */
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
  readonly readProblem: (response: {
    readonly json: unknown
    readonly headers: ResponseHeaders
  }) => VendorProblem
  /** What to do about a failure, in one sentence without a full stop. */
  readonly advise: (operation: string, status: number, code: string | undefined) => string | undefined
}
