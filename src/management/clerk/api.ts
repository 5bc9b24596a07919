import type { ResponseHeaders } from '../../http/transport/messages.js'
import { described, optional, type Reader, type Result, type TableOf } from '../../options/reader.js'
import { secretOption, type Secret } from '../../options/secret.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { Deadline } from '../../http/deadline.js'
import { CLERK_API_VERSION, clerkApiUrl } from '../../providers/clerk/api-url.js'
import { ManagementError } from '../api/management-error.js'
import { records, string } from '../../util/members.js'
import type { VendorResponse } from '../api/response.js'
import { MANAGEMENT_OPTIONS, VendorApi, type ManagementOptions } from '../api/vendor-api.js'
import { readSignal, type CallOptions, type VendorCall } from '../api/call.js'
import type { VendorProblem } from '../api/vendor-profile.js'
import { VendorSecret } from '../api/vendor-secret.js'

/** Options of {@link clerkTokens}. At least one of the two keys is required. */
export interface ClerkTokensOptions extends ManagementOptions {
  /**
   * Secret key of a machine (`ak_…`). It creates and lists the machine's tokens, and verifies tokens granted
   * access to it. A function is called for every call, and again if Clerk rejects the key.
   */
  readonly machineSecretKey?: Secret
  /**
   * Secret key of the instance (`sk_…`). It reaches the tokens of every machine and cannot create any. A function is called as for
   * `machineSecretKey`.
   */
  readonly secretKey?: Secret
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
  readonly #machineKey: VendorSecret | undefined
  readonly #instanceKey: VendorSecret | undefined

  constructor(where: string, settings: Result<typeof CLERK_TOKENS_OPTIONS>) {
    const { machineSecretKey, secretKey: instanceKey } = settings
    if (machineSecretKey === undefined && instanceKey === undefined)
      throw new ConfigurationError(where, 'requires machineSecretKey (ak_...), secretKey (sk_...), or both')
    const profile = {
      vendor: 'clerk',
      title: 'Clerk',
      base: settings.apiUrl,
      readProblem,
      advise,
    } as const
    this.#api = new VendorApi(profile, settings)
    const secretOf = (
      name: string,
      prefix: KeyPrefix,
      secret: Secret | undefined,
    ): VendorSecret | undefined =>
      secret === undefined
        ? undefined
        : new VendorSecret(`${where}.${name}`, secret, {
            vendor: 'clerk',
            api: this.#api,
            check: (key) => keyProblem(prefix, key),
          })
    this.#machineKey = secretOf('machineSecretKey', 'ak_', machineSecretKey)
    this.#instanceKey = secretOf('secretKey', 'sk_', instanceKey)
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
    const limit = new Deadline(this.#api.deadlineSeconds)
    const signal = readSignal(call.operation, options)
    const callWith = (key: VendorSecret, seconds: number): Promise<VendorResponse> =>
      key.send({ ...rest, signal, deadlineSeconds: seconds }, (secret, deadlineSeconds) =>
        this.#api.call({
          ...rest,
          headers: { authorization: `Bearer ${secret}`, 'clerk-api-version': CLERK_API_VERSION },
          secrets: [
            secret,
            ...(this.#machineKey?.known ?? []),
            ...(this.#instanceKey?.known ?? []),
            ...secrets,
          ],
          signal,
          deadlineSeconds,
        }),
      )
    const [key, fallbackKey] = [this.#machineKey, this.#instanceKey].filter(
      (configuredKey) => configuredKey !== undefined,
    )
    // The constructor ensures that there is at least one.
    if (key === undefined) throw new ConfigurationError(call.operation, 'requires a key')
    const response = callWith(key, this.#api.deadlineSeconds)
    if (fallbackKey === undefined || beyondMachine.length === 0) return response
    return response.catch((error: unknown) => {
      const status = error instanceof ManagementError ? error.status : undefined
      if (status === undefined || !beyondMachine.includes(status)) throw error
      // The call was refused, so it had no effect and this is not a retry.
      return callWith(fallbackKey, limit.remaining())
    })
  }

  unreadable(call: Pick<ClerkCall, 'operation' | 'isRead'>, problem: string): ManagementError {
    return this.#api.incompleteResponse(call, problem)
  }
}

/** Reads a secret key, whose prefix is checked when it is read. The error never quotes the value, which may be another secret. */
function secretKey(prefix: KeyPrefix): Reader<Secret> {
  return described(secretOption, { bounds: `${prefix}…` })
}

type KeyPrefix = 'ak_' | 'sk_'

/** Whether a value is not the secret key of Clerk with this prefix. */
function keyProblem(prefix: KeyPrefix, key: string): string | undefined {
  if (!key.startsWith(prefix)) {
    const owner = prefix === 'ak_' ? 'a machine' : 'the instance'
    return `must be the secret key of ${owner}, which starts with ${prefix}`
  }
  return /^[\x21-\x7e]+$/.test(key)
    ? undefined
    : 'must not contain spaces, line breaks or non-ASCII characters'
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
