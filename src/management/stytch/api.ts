import { encodeBasic } from '../../http/client-authentication.js'
import { encodePathSegment } from '../../options/path-part.js'
import { optional, type Result, type TableOf } from '../../options/reader.js'
import { boolean, func } from '../../options/readers.js'
import { secretOption, type Secret } from '../../options/secret.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import {
  STYTCH_ADDRESS_OPTIONS,
  stytchApiUrl,
  type StytchAddressOptions,
} from '../../providers/stytch/api-url.js'
import type { ManagementError } from '../api/management-error.js'
import { string } from '../../util/members.js'
import type { VendorResponse } from '../api/response.js'
import { MANAGEMENT_OPTIONS, VendorApi, type ManagementOptions } from '../api/vendor-api.js'
import { readSignal, type CallOptions, type VendorCall } from '../api/call.js'
import type { VendorProblem } from '../api/vendor-profile.js'
import { VendorSecret } from '../api/vendor-secret.js'

/** Options of {@link stytchClients}. */
export interface StytchClientsOptions extends ManagementOptions, StytchAddressOptions {
  /**
   * Secret of the project (`secret-live-…` or `secret-test-…`), not that of a client. A function is called for every call, and again
   * if Stytch rejects the secret.
   */
  readonly secret: Secret
  /**
   * Whether the project is a B2B project, whose keys have another URL. Used by `authenticateToken` only.
   *
   * @defaultValue `false`
   */
  readonly b2b?: boolean
  /**
   * Current time of `authenticateToken` in milliseconds since the epoch, for tests.
   *
   * @defaultValue the system clock
   */
  readonly clock?: () => number
}

/** Readers of {@link StytchClientsOptions}. */
export const STYTCH_CLIENTS_OPTIONS = {
  ...MANAGEMENT_OPTIONS,
  ...STYTCH_ADDRESS_OPTIONS,
  secret: secretOption,
  b2b: boolean({ default: false }),
  clock: optional(func<() => number>({ type: '() => number' })),
} satisfies TableOf<StytchClientsOptions>

export type StytchClientsSettings = Result<typeof STYTCH_CLIENTS_OPTIONS>

/** One call to Stytch's API. */
export interface StytchCall extends Pick<VendorCall, 'operation' | 'method' | 'path' | 'json' | 'isRead'> {
  /** Values that must not appear in an error, beside the project's secret. */
  readonly secrets?: readonly string[]
  readonly options: CallOptions
}

/** Stytch's API, with the credentials of one project. */
export class StytchApi {
  readonly projectId: string
  readonly #api: VendorApi
  readonly #secret: VendorSecret

  constructor(where: string, settings: StytchClientsSettings) {
    this.projectId = settings.projectId
    if (this.projectId.includes(':'))
      throw new ConfigurationError(`${where}.projectId`, 'must be the id of a project, without a colon')
    // Validated early, because the path of the token endpoint contains it.
    encodePathSegment(`${where}.projectId`, this.projectId)
    const base = stytchApiUrl(settings)
    const profile = { vendor: 'stytch', title: 'Stytch', base, readProblem, advise } as const
    this.#api = new VendorApi(profile, settings)
    this.#secret = new VendorSecret(`${where}.secret`, settings.secret, { vendor: 'stytch', api: this.#api })
  }

  /** Sends a call with the project's credentials. */
  async call({ secrets = [], options, ...call }: StytchCall): Promise<VendorResponse> {
    const signal = readSignal(call.operation, options)
    return this.#secret.send({ ...call, signal }, (secret, deadlineSeconds) => {
      // Not form-encoded as for an OAuth client, which would change the `=` at the end of such a secret.
      const credentials = encodeBasic(this.projectId, secret)
      return this.#api.call({
        ...call,
        headers: { authorization: `Basic ${credentials}` },
        secrets: [secret, credentials, ...this.#secret.known, ...secrets],
        signal,
        deadlineSeconds,
      })
    })
  }

  /** Calls a public endpoint, without the project's credentials. */
  callPublic(
    call: Pick<VendorCall, 'operation' | 'method' | 'path' | 'form' | 'isRead' | 'secrets'>,
    options: CallOptions,
  ): Promise<VendorResponse> {
    return this.#api.call({ ...call, headers: {}, signal: readSignal(call.operation, options) })
  }

  unreadable(call: Pick<StytchCall, 'operation' | 'isRead'>, problem: string): ManagementError {
    return this.#api.incompleteResponse(call, problem)
  }
}

/**
 * Reads `{ error_type, error_message, request_id }`, or OAuth's `{ error, error_description }` from the token
 * endpoint.
 */
function readProblem({ json }: { json: unknown }): VendorProblem {
  const body = isRecord(json) ? json : {}
  return {
    code: string(body, 'error_type') ?? string(body, 'error'),
    message: string(body, 'error_message') ?? string(body, 'error_description'),
    requestId: string(body, 'request_id'),
  }
}

const NO_ROTATION = 'This client has no open rotation: start one with secrets.rotateStart'

/** By operation and status, because Stytch does not document which error types occur. */
const ADVICE: Readonly<Record<string, string>> = {
  'create 400':
    'Check the scopes, and the id or secret to import: an id must be unused, a secret must be long',
  'create 409': 'A client with this id exists: get it, or import with another id',
  'search 400': 'Check the query. A cursor is valid for the search that returned it',
  'token 400': 'The client does not have one of these scopes: get the client and check',
  'token 401':
    'The client is unknown, deleted or inactive, or its secret was rotated: use the current secret, ' +
    'or get the client and check its status',
  'token 404': 'The project does not exist at this URL: check projectId and apiUrl',
  'secrets.rotate 400': NO_ROTATION,
  'secrets.rotate 409': NO_ROTATION,
  'secrets.rotateCancel 400': NO_ROTATION,
  'secrets.rotateCancel 409': NO_ROTATION,
  'secrets.rotateStart 400':
    'A rotation may be open already: end it with secrets.rotate or secrets.rotateCancel, then start another',
  'secrets.rotateStart 409':
    'A rotation is open already: end it with secrets.rotate or secrets.rotateCancel, then start another',
}

function advise(operation: string, status: number): string | undefined {
  const specificAdvice = ADVICE[`${operation.replace(/^stytchClients\./, '')} ${status}`]
  if (specificAdvice !== undefined) return specificAdvice
  if (status === 401)
    return 'The project credentials were rejected: check projectId and secret, and that they belong to this URL (test or live)'
  if (status === 403) return 'The project does not have permission for this'
  if (status === 404) return 'The project has no client with this id: search for it'
  if (status === 429) return 'Too many calls: wait for retryAfter seconds'
  return status >= 500 ? 'Stytch failed: try again later' : undefined
}
