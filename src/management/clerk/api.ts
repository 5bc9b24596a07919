import type { ResponseHeaders } from '../../http/transport/messages.js'
import { described, mapped, optional, type Reader, type Result, type TableOf } from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { timers } from '../../util/timers.js'
import { CLERK_API_VERSION, clerkApiUrl } from '../../providers/clerk/api-url.js'
import { ManagementError } from '../api/management-error.js'
import { records, string } from '../../util/members.js'
import type { VendorResponse } from '../api/response.js'
import { MANAGEMENT_OPTIONS, VendorApi, type ManagementOptions } from '../api/vendor-api.js'
import { readSignal, type CallOptions, type VendorCall } from '../api/call.js'
import type { VendorProblem } from '../api/vendor-profile.js'

/** Options of {@link clerkTokens}. At least one of the two keys is required. */
export interface ClerkTokensOptions extends ManagementOptions {
  /**
   * Secret key of a machine (`ak_…`). It creates and lists the machine's tokens, and verifies tokens granted
   * access to it.
   */
  readonly machineSecretKey?: string
  /** Secret key of the instance (`sk_…`). It reaches the tokens of every machine and cannot create any. */
  readonly secretKey?: string
  /**
   * URL of Clerk's Backend API. https, or http on loopback.
   *
   * @defaultValue `'https://api.clerk.com'`
   */
  readonly apiUrl?: string
}

/** Readers of {@link ClerkTokensOptions}. */
export const CLERK_TOKENS_OPTIONS = {
  ...MANAGEMENT_OPTIONS,
  machineSecretKey: optional(secretKey('ak_')),
  secretKey: optional(secretKey('sk_')),
  apiUrl: clerkApiUrl,
} satisfies TableOf<ClerkTokensOptions>

/** One call to Clerk's API. */
export interface ClerkCall extends Pick<
  VendorCall,
  'operation' | 'method' | 'path' | 'query' | 'json' | 'isRead'
> {
  /** Values that must not appear in an error, beside the keys. */
  readonly secrets?: readonly string[]
  /** Statuses with which Clerk refuses the token of another machine. The instance's key is used then. */
  readonly beyondMachine?: readonly number[]
  readonly options: CallOptions
}

/** Clerk's Backend API, with the configured keys. */
export class ClerkApi {
  readonly #api: VendorApi
  readonly #machineKey: string | undefined
  readonly #instanceKey: string | undefined

  constructor(where: string, settings: Result<typeof CLERK_TOKENS_OPTIONS>) {
    this.#machineKey = settings.machineSecretKey
    this.#instanceKey = settings.secretKey
    if (this.#machineKey === undefined && this.#instanceKey === undefined)
      throw new ConfigurationError(where, 'requires machineSecretKey (ak_...), secretKey (sk_...), or both')
    const profile = {
      vendor: 'clerk',
      title: 'Clerk',
      base: settings.apiUrl,
      readProblem,
      advise,
    } as const
    this.#api = new VendorApi(profile, settings)
  }

  /** Throws if the operation requires a machine's key and there is only the instance's. */
  requireMachineKey(operation: string): void {
    if (this.#machineKey !== undefined) return
    throw new ConfigurationError(
      operation,
      'requires machineSecretKey (ak_...), because only a machine can create a token, not the instance (sk_...)',
    )
  }

  /** Sends a call with the machine's key if there is one, otherwise with the instance's. */
  async call(call: ClerkCall): Promise<VendorResponse> {
    const { beyondMachine = [], secrets = [], options, ...rest } = call
    const startedAt = timers.elapsed()
    const signal = readSignal(call.operation, options)
    const callWith = (key: string, deadlineSeconds: number): Promise<VendorResponse> =>
      this.#api.call({
        ...rest,
        headers: { authorization: `Bearer ${key}`, 'clerk-api-version': CLERK_API_VERSION },
        secrets: [this.#machineKey ?? '', this.#instanceKey ?? '', ...secrets],
        signal,
        deadlineSeconds,
      })
    const [key, fallbackKey] = [this.#machineKey, this.#instanceKey].filter(
      (configuredKey) => configuredKey !== undefined,
    )
    // The constructor ensures that there is at least one.
    const response = callWith(key ?? '', this.#api.deadlineSeconds)
    if (fallbackKey === undefined || beyondMachine.length === 0) return response
    return response.catch((error: unknown) => {
      const status = error instanceof ManagementError ? error.status : undefined
      if (status === undefined || !beyondMachine.includes(status)) throw error
      // The call was refused, so it had no effect and this is not a retry.
      const spentSeconds = timers.elapsed() - startedAt
      return callWith(fallbackKey, Math.max(this.#api.deadlineSeconds - spentSeconds, 0.01))
    })
  }

  unreadable(call: Pick<ClerkCall, 'operation' | 'isRead'>, problem: string): ManagementError {
    return this.#api.incompleteResponse(call, problem)
  }
}

/** Reads a secret key. The error never quotes the value, which may be another secret. */
function secretKey(prefix: 'ak_' | 'sk_'): Reader<string> {
  return mapped(described(nonEmptyString, { bounds: `${prefix}…` }), (key, option) => {
    if (!key.startsWith(prefix)) {
      const owner = prefix === 'ak_' ? 'a machine' : 'the instance'
      throw new ConfigurationError(option, `must be the secret key of ${owner}, which starts with ${prefix}`)
    }
    if (!/^[\x21-\x7e]+$/.test(key))
      throw new ConfigurationError(option, 'must not contain spaces, line breaks or non-ASCII characters')
    return key
  })
}

/**
 * Reads `{ errors: [{ code, message, long_message }], clerk_trace_id }`. Without a trace id the proxy's request
 * id is used.
 */
function readProblem({ json, headers }: { json: unknown; headers: ResponseHeaders }): VendorProblem {
  const body = isRecord(json) ? json : {}
  const [first = {}] = records(body, 'errors') ?? []
  return {
    code: string(first, 'code'),
    message: string(first, 'long_message') ?? string(first, 'message'),
    requestId: string(body, 'clerk_trace_id') ?? headers.get('cf-ray') ?? undefined,
  }
}

const REACH =
  "A machine's key reaches only that machine's tokens. The key of the instance (secretKey) reaches all tokens"

const ADVICE: Readonly<Record<string, string>> = {
  'create 400': 'Check expiresIn, claims and format',
  'list 400': 'The subject must be the id of a machine: mch_ and 27 letters or digits',
  'list 403': REACH,
  'list 404': `The machine does not exist, or this key does not reach it. ${REACH}`,
  'revoke 400': 'The id of a token is mt_ and 32 hexadecimal digits. The token itself is not its id',
  'revoke 404':
    `Clerk has no token with this id for this key. ${REACH}. Clerk does not store JWTs and cannot revoke them: ` +
    'give them a short lifetime, or refuse them with a custom policy',
  'verify 404':
    'The token is unknown, or is not for the machine of this key: use the key of the machine that receives it',
}

function advise(operation: string, status: number): string | undefined {
  const specificAdvice = ADVICE[`${operation.replace(/^.*\./, '')} ${status}`]
  if (specificAdvice !== undefined) return specificAdvice
  if (status === 401)
    return 'The key was rejected: it belongs to another instance, was rotated, or its machine was deleted. Use the current key'
  if (status === 403) return 'The key does not have permission for this'
  if (status === 409) return 'The call conflicts with another change: list the tokens before repeating it'
  if (status === 429) return 'Too many calls: wait for retryAfter seconds'
  return status >= 500 ? 'Clerk failed: try again later' : undefined
}
