import type { TlsIdentity } from '../../http/transport/messages.js'
import { readOptions } from '../../options/read-options.js'
import { optional, type TableOf } from '../../options/reader.js'
import { abortSignal } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'

/** Options that every management operation has beside its input. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. A change may have been made already. */
  readonly signal?: AbortSignal
}

/** One HTTP call of an operation. */
export interface VendorCall {
  /** Name of the public function: `clerkTokens.revoke`. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path below the base URL, with every segment encoded by `encodePathSegment`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly headers: Readonly<Record<string, string>>
  /** Body to send as JSON, without properties that are `undefined`. */
  readonly json?: Readonly<Record<string, unknown>>
  /** Body to send as a form, instead of JSON. */
  readonly form?: Readonly<Record<string, string>>
  /** Whether the call only reads. Only reads are repeated after a temporary failure. */
  readonly isRead: boolean
  /** Whether the call may be repeated, if that differs from `isRead`: a DPoP proof must be sent only once. */
  readonly isRepeatable?: boolean
  /** Remaining seconds for a further call of the same operation, instead of the client's deadline. */
  readonly deadlineSeconds?: number
  /** Certificate that the connection presents. */
  readonly tls?: TlsIdentity | undefined
  /** Values that must not appear in an error, even if the vendor quotes them. */
  readonly secrets: readonly string[]
  /** Whether the status of a 2xx response is the whole result. Its body is ignored unless it is HTML. */
  readonly ignoresBody?: boolean
  readonly signal?: AbortSignal | undefined
}

const CALL_OPTIONS = {
  signal: optional(abortSignal),
} satisfies TableOf<CallOptions>

/** Reads the signal of a call. Any other value would be a signal that aborts nothing, so it is refused. */
export function readSignal(operation: string, options: CallOptions | undefined): AbortSignal | undefined {
  return readOptions(`${operation}.options`, options ?? {}, CALL_OPTIONS).signal
}

/** Returns the body of a call and its media type. */
export function encodeBody(call: VendorCall): { readonly body?: string; readonly type?: string } {
  if (call.form !== undefined) {
    return { body: new URLSearchParams(call.form).toString(), type: 'application/x-www-form-urlencoded' }
  }
  if (call.json === undefined) return {}
  try {
    return { body: JSON.stringify(call.json), type: 'application/json' }
  } catch {
    throw new ConfigurationError(call.operation, 'must contain JSON values only, without deep nesting')
  }
}

/** Returns the query of a call with the leading `?`; empty without parameters. */
export function encodeQuery({ query = {} }: VendorCall): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) form.set(name, String(value))
  return form.size === 0 ? '' : `?${form.toString()}`
}
