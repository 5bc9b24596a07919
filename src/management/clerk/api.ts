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

/** Options of {@link clerkTokens}: one of the two keys, or both. */
export interface ClerkTokensOptions extends ManagementOptions {
  /** The secret key of a machine (`ak_…`): creates its tokens, reaches its own, and verifies those granted access to it. */
  readonly machineSecretKey?: string
  /** The secret key of the instance (`sk_…`): reaches every machine's tokens, and can create none. */
  readonly secretKey?: string
  /** The Backend API. Default `https://api.clerk.com`. */
  readonly apiUrl?: string
}

/** The options of {@link clerkTokens}. */
export const CLERK_TOKENS_OPTIONS = {
  ...MANAGEMENT_OPTIONS,
  machineSecretKey: optional(secretKey('ak_')),
  secretKey: optional(secretKey('sk_')),
  apiUrl: clerkApiUrl,
} satisfies TableOf<ClerkTokensOptions>

/** One operation at Clerk. */
export interface ClerkCall extends Pick<
  VendorCall,
  'operation' | 'method' | 'path' | 'query' | 'json' | 'isRead'
> {
  /** What must not appear in an error, beside the keys. */
  readonly secrets?: readonly string[]
  /** With these statuses a machine's key is told that the token is another machine's; the instance's key is tried then. */
  readonly beyondMachine?: readonly number[]
  readonly options: CallOptions
}

/** Clerk's Backend API, with the keys of one user. */
export class ClerkApi {
  readonly #api: VendorApi
  readonly #machineKey: string | undefined
  readonly #instanceKey: string | undefined

  constructor(where: string, own: Result<typeof CLERK_TOKENS_OPTIONS>) {
    this.#machineKey = own.machineSecretKey
    this.#instanceKey = own.secretKey
    if (this.#machineKey === undefined && this.#instanceKey === undefined)
      throw new ConfigurationError(where, 'needs machineSecretKey (ak_...), secretKey (sk_...), or both')
    const profile = {
      vendor: 'clerk',
      title: 'Clerk',
      base: own.apiUrl,
      readProblem,
      advise,
    } as const
    this.#api = new VendorApi(profile, own)
  }

  /** Refuses an operation that only a machine may do. */
  requireMachineKey(operation: string): void {
    if (this.#machineKey !== undefined) return
    throw new ConfigurationError(
      operation,
      'needs machineSecretKey (ak_...): a token is created by a machine, never by the instance (sk_...)',
    )
  }

  /** Makes the call with the machine's key where there is one, else with the instance's. */
  async call(call: ClerkCall): Promise<VendorResponse> {
    const { beyondMachine = [], secrets = [], options, ...rest } = call
    const started = timers.elapsed()
    const signal = readSignal(call.operation, options)
    const callWith = (key: string, deadlineSeconds: number): Promise<VendorResponse> =>
      this.#api.call({
        ...rest,
        headers: { authorization: `Bearer ${key}`, 'clerk-api-version': CLERK_API_VERSION },
        secrets: [this.#machineKey ?? '', this.#instanceKey ?? '', ...secrets],
        signal,
        deadlineSeconds,
      })
    const [key, further] = [this.#machineKey, this.#instanceKey].filter((given) => given !== undefined)
    // The constructor saw to it that there is one.
    const response = callWith(key ?? '', this.#api.deadlineSeconds)
    if (further === undefined || beyondMachine.length === 0) return response
    return response.catch((error: unknown) => {
      const status = error instanceof ManagementError ? error.status : undefined
      if (status === undefined || !beyondMachine.includes(status)) throw error
      // Refused, so nothing was done: this is no repetition.
      const spent = timers.elapsed() - started
      return callWith(further, Math.max(this.#api.deadlineSeconds - spent, 0.01))
    })
  }

  unreadable(call: Pick<ClerkCall, 'operation' | 'isRead'>, lacking: string): ManagementError {
    return this.#api.incompleteResponse(call, lacking)
  }
}

/** Reads a secret key. An error never quotes it: it is a secret, even if of another kind. */
function secretKey(prefix: 'ak_' | 'sk_'): Reader<string> {
  return mapped(described(nonEmptyString, { bounds: `${prefix}…` }), (key, option) => {
    if (!key.startsWith(prefix)) {
      const whose = prefix === 'ak_' ? 'a machine' : 'the instance'
      throw new ConfigurationError(option, `must be the secret key of ${whose}, which starts with ${prefix}`)
    }
    if (!/^[\x21-\x7e]+$/.test(key))
      throw new ConfigurationError(option, 'must not hold spaces, line breaks or letters outside ASCII')
    return key
  })
}

/** `{ errors: [{ code, message, long_message }], clerk_trace_id }`; without a trace id, the proxy's id of the request. */
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
  "A machine's key reaches only that machine's tokens, the key of the instance (secretKey) those of all"

const ADVICE: Readonly<Record<string, string>> = {
  'create 400': 'Look at the lifetime, the claims and the format that were asked for',
  'list 400': 'The subject is the id of a machine: mch_ and 27 letters or digits',
  'list 403': REACH,
  'list 404': `No such machine, or not for this key. ${REACH}`,
  'revoke 400': 'The id of a token is mt_ and 32 hexadecimal digits; the token itself is not its id',
  'revoke 404':
    `No token of this id is kept for this key. ${REACH}. JWTs are not kept and cannot be revoked at Clerk: ` +
    'let them live shortly, or refuse them by a policy of your own',
  'verify 404':
    'The token is unknown, or not for the machine whose key was used: verify with the key of the machine that receives it',
}

function advise(operation: string, status: number): string | undefined {
  const special = ADVICE[`${operation.replace(/^.*\./, '')} ${status}`]
  if (special !== undefined) return special
  if (status === 401)
    return 'The key was not accepted: it is of another instance, was rotated, or its machine is gone. Take the current one from Clerk'
  if (status === 403) return 'The key may not do this'
  if (status === 409) return 'It conflicts with another change: list the tokens before repeating it'
  if (status === 429) return 'Too many calls: wait as long as retryAfter says'
  return status >= 500 ? 'Clerk is in trouble: try later' : undefined
}
