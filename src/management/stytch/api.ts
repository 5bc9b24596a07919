import { encodePathSegment } from '../../options/path-part.js'
import { optional, type Result, type TableOf } from '../../options/reader.js'
import { boolean, func, nonEmptyString } from '../../options/readers.js'
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

/** Options of {@link stytchClients}. */
export interface StytchClientsOptions extends ManagementOptions, StytchAddressOptions {
  /** A secret of the project (`secret-live-…` or `secret-test-…`), not that of a client. */
  readonly secret: string
  /** `true` where the project is a B2B one, whose keys are elsewhere: for `authenticateToken`. Default `false`. */
  readonly b2b?: boolean
  /** The time in milliseconds since the epoch that `authenticateToken` judges by, for tests. Default: the system's. */
  readonly clock?: () => number
}

/** The options of {@link stytchClients}. */
export const STYTCH_CLIENTS_OPTIONS = {
  ...MANAGEMENT_OPTIONS,
  ...STYTCH_ADDRESS_OPTIONS,
  secret: nonEmptyString,
  b2b: boolean({ default: false }),
  clock: optional(func<() => number>({ type: '() => number' })),
} satisfies TableOf<StytchClientsOptions>

export type StytchClientsSettings = Result<typeof STYTCH_CLIENTS_OPTIONS>

/** One operation at Stytch. */
export interface StytchCall extends Pick<VendorCall, 'operation' | 'method' | 'path' | 'json' | 'isRead'> {
  /** What must not appear in an error, beside the project's secret. */
  readonly secrets?: readonly string[]
  readonly options: CallOptions
}

/** Stytch's API, with the credentials of one project. */
export class StytchApi {
  readonly projectId: string
  readonly #api: VendorApi
  readonly #secret: string
  readonly #credentials: string

  constructor(where: string, own: StytchClientsSettings) {
    this.projectId = own.projectId
    if (this.projectId.includes(':'))
      throw new ConfigurationError(`${where}.projectId`, 'must be the id of a project, without a colon')
    // Refused here: the path of the token endpoint has it.
    encodePathSegment(`${where}.projectId`, this.projectId)
    this.#secret = own.secret
    // As it stands: form-encoding as for an OAuth client would change the `=` that such a secret ends with.
    this.#credentials = Buffer.from(`${this.projectId}:${this.#secret}`).toString('base64')
    const base = stytchApiUrl(own)
    const profile = { vendor: 'stytch', title: 'Stytch', base, readProblem, advise } as const
    this.#api = new VendorApi(profile, own)
  }

  /** Makes a call as the project. */
  call({ secrets = [], options, ...call }: StytchCall): Promise<VendorResponse> {
    return this.#api.call({
      ...call,
      headers: { authorization: `Basic ${this.#credentials}` },
      secrets: [this.#secret, this.#credentials, ...secrets],
      signal: readSignal(call.operation, options),
    })
  }

  /** Calls an endpoint that is open to the public: the project's credentials have no business there. */
  callPublic(
    call: Pick<VendorCall, 'operation' | 'method' | 'path' | 'form' | 'isRead' | 'secrets'>,
    options: CallOptions,
  ): Promise<VendorResponse> {
    return this.#api.call({ ...call, headers: {}, signal: readSignal(call.operation, options) })
  }

  unreadable(call: Pick<StytchCall, 'operation' | 'isRead'>, lacking: string): ManagementError {
    return this.#api.incompleteResponse(call, lacking)
  }
}

/** `{ error_type, error_message, request_id }`, or at the token endpoint OAuth's `{ error, error_description }`. */
function readProblem({ json }: { json: unknown }): VendorProblem {
  const body = isRecord(json) ? json : {}
  return {
    code: string(body, 'error_type') ?? string(body, 'error'),
    message: string(body, 'error_message') ?? string(body, 'error_description'),
    requestId: string(body, 'request_id'),
  }
}

const NO_ROTATION = 'No rotation of this client is open: begin one with secrets.rotateStart'

/** By operation and status: which of Stytch's error types comes with which trouble is not documented. */
const ADVICE: Readonly<Record<string, string>> = {
  'create 400': 'Look at the scopes, and at the id or secret to import: an id is used once, a secret is long',
  'create 409': 'A client of this id exists: get it, or import under another id',
  'search 400': 'Look at the query; a cursor is good for the search it came from',
  'token 400': 'The client may not have one of these scopes: get it and look',
  'token 401':
    'The client is unknown, deleted or inactive, or its secret was rotated away: take the current secret, ' +
    'or get the client and look at its status',
  'token 404': 'There is no such project at this address: check projectId and apiUrl',
  'secrets.rotate 400': NO_ROTATION,
  'secrets.rotate 409': NO_ROTATION,
  'secrets.rotateCancel 400': NO_ROTATION,
  'secrets.rotateCancel 409': NO_ROTATION,
  'secrets.rotateStart 400':
    'A rotation may be open already: end it with secrets.rotate or secrets.rotateCancel, then begin anew',
  'secrets.rotateStart 409':
    'A rotation is open already: end it with secrets.rotate or secrets.rotateCancel, then begin anew',
}

function advise(operation: string, status: number): string | undefined {
  const special = ADVICE[`${operation.replace(/^stytchClients\./, '')} ${status}`]
  if (special !== undefined) return special
  if (status === 401)
    return 'The credentials of the project were not accepted: check projectId, secret, and whether they are those of this address (test or live)'
  if (status === 403) return 'The project may not do this'
  if (status === 404) return 'The project has no client of this id: search for it'
  if (status === 429) return 'Too many calls: wait as long as retryAfter says'
  return status >= 500 ? 'Stytch is in trouble: try later' : undefined
}
