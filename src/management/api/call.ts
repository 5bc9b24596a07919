import { readOptions } from '../../options/read-options.js'
import { custom, mismatch, optional, type TableOf } from '../../options/reader.js'
import { ConfigurationError } from '../../options/configuration-error.js'

/** What every operation takes beside its own input. */
export interface CallOptions {
  /** Gives the call up: it rejects with the signal's reason. A change may have been made all the same. */
  readonly signal?: AbortSignal
}

/** One call of an operation. */
export interface VendorCall {
  /** As the user knows it: `clerkTokens.revoke`. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the base, with every part encoded by `encodePathSegment`. */
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
  /** Whether a 2xx response says all by its status, whatever its body, unless that is a page for people. */
  readonly ignoresBody?: boolean
  readonly signal?: AbortSignal | undefined
}

const CALL_OPTIONS = {
  signal: optional(
    custom<AbortSignal>('AbortSignal', (option, value) => {
      if (value instanceof AbortSignal) return value
      throw mismatch(option, value, 'must be an AbortSignal')
    }),
  ),
} satisfies TableOf<CallOptions>

/** The signal of a call. Anything else in its place would be a way to give up that does nothing. */
export function readSignal(operation: string, options: CallOptions | undefined): AbortSignal | undefined {
  return readOptions(`${operation}.options`, options ?? {}, CALL_OPTIONS).signal
}

/** What a call sends, and as which type. */
export function encodeBody(call: VendorCall): { readonly body?: string; readonly type?: string } {
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

/** The query of a call, with its question mark; empty where it has none. */
export function encodeQuery({ query = {} }: VendorCall): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) form.set(name, String(value))
  return form.size === 0 ? '' : `?${form.toString()}`
}
