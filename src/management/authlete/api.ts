import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import * as readers from '../../options/readers.js'
import { urlWithoutQuery } from '../../options/url.js'
import { authleteServiceUrl } from '../../providers/authlete/api-url.js'
import { isRecord } from '../../util/members.js'
import { parseJson } from '../../util/json.js'
import { ENDLESS_LIST } from '../api/listing.js'
import { number, ownMember, string } from '../../util/members.js'
import { MANAGEMENT_OPTIONS, VendorApi, type ManagementOptions } from '../api/vendor-api.js'
import { readSignal, type CallOptions, type VendorCall } from '../api/call.js'
import type { VendorProblem, VendorProfile } from '../api/vendor-profile.js'

/** Options of `authleteTokens`. */
export interface AuthleteTokensOptions extends ManagementOptions {
  /** The service's id. */
  readonly serviceId: string
  /** A service access token that may do what is asked; never the organization's, which opens every service. */
  readonly serviceAccessToken: string
  /** The region's address: a service lives in one only, so there is no default. `https://us.authlete.com`, for example. */
  readonly apiUrl: string
}

/** The options of `authleteTokens`. */
export const AUTHLETE_TOKENS_OPTIONS = {
  ...MANAGEMENT_OPTIONS,
  serviceId: readers.nonEmptyString,
  serviceAccessToken: readers.string({
    pattern: /^[\x21-\x7e]+$/,
    expectation: 'must be a token: no spaces, no line breaks',
  }),
  apiUrl: urlWithoutQuery,
} satisfies TableOf<AuthleteTokensOptions>

type Json = Readonly<Record<string, unknown>>

/** One operation as the wire has it. */
export interface AuthleteCall {
  /** `revoke`: as it is called here. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below the service. */
  readonly path: string
  readonly query?: NonNullable<VendorCall['query']>
  readonly json?: Json
  readonly isRead: boolean
  readonly isRepeatable?: boolean
  /** Values of the input that no error may quote. */
  readonly secrets: readonly unknown[]
  readonly options: CallOptions | undefined
}

/** What Authlete answered. */
export interface AuthleteResponse {
  readonly status: number
  readonly json: Json
  /** The failure of a response that lacks what it must have. */
  readonly incomplete: (what: string) => Error
  /** The failure of a change that found nothing to change. */
  readonly notFound: () => Error
}

/** Authlete's API, for one service. */
export class AuthleteApi {
  readonly #api: VendorApi
  readonly #serviceAccessToken: string

  constructor(where: string, options: AuthleteTokensOptions) {
    const own = readOptions(where, options, AUTHLETE_TOKENS_OPTIONS)
    this.#serviceAccessToken = own.serviceAccessToken
    const base = authleteServiceUrl(where, own.apiUrl, own.serviceId)
    this.#api = new VendorApi({ ...PROFILE, base }, own)
  }

  /**
   * Calls an operation that fails by its status alone.
   *
   * @throws ManagementError
   */
  async call(call: AuthleteCall): Promise<AuthleteResponse> {
    return this.#read(this.#prepare(call))
  }

  /**
   * Calls an operation whose response is 200 whatever came of it, with the verdict in `action`. An action that is
   * not among `accepted` is a failure, one that nobody has heard of included.
   *
   * @throws ManagementError
   */
  async callAction(
    call: AuthleteCall,
    accepted: readonly string[],
  ): Promise<AuthleteResponse & { readonly action: string }> {
    const prepared = this.#prepare(call)
    const response = await this.#read(prepared)
    const action = string(response.json, 'action')
    if (action === undefined) throw response.incomplete('an action')
    if (accepted.includes(action)) return { ...response, action }
    const isKnown = Object.hasOwn(ADVICE_BY_ACTION, action)
    throw this.#api.reportedFailure(prepared, {
      ...problemIn(response.json),
      what: isKnown ? action : 'with an action that is not known here',
      advice: ADVICE_BY_ACTION[action],
      status: response.status,
      isUncertain: !call.isRead && (!isKnown || action === 'INTERNAL_SERVER_ERROR'),
    })
  }

  /** The failure of a list that has no end. */
  endlessListError(name: string): Error {
    return this.#api.incompleteResponse({ operation: `authleteTokens.${name}`, isRead: true }, ENDLESS_LIST)
  }

  async #read(call: VendorCall): Promise<AuthleteResponse> {
    const { status, json, body } = await this.#api.call(call)
    return {
      status,
      json: withExactIds(json, body),
      incomplete: (what) => this.#api.incompleteResponse(call, what),
      notFound: () => {
        const what = 'that there was nothing to do'
        return this.#api.reportedFailure(call, {
          ...problemIn(json),
          what,
          status,
          advice: ADVICE_BY_ACTION['NOT_FOUND'],
        })
      },
    }
  }

  #prepare({ name, secrets, options, ...call }: AuthleteCall): VendorCall {
    const operation = `authleteTokens.${name}`
    return {
      ...call,
      operation,
      headers: { authorization: `Bearer ${this.#serviceAccessToken}` },
      secrets: [this.#serviceAccessToken, ...secrets.filter((secret) => typeof secret === 'string')],
      signal: readSignal(operation, options),
    }
  }
}

const PROFILE: Omit<VendorProfile, 'base'> = {
  vendor: 'authlete',
  title: 'Authlete',
  readProblem: ({ json }) => (isRecord(json) ? problemIn(json) : {}),
  advise: (_operation, status) => ADVICE_BY_STATUS[status],
}

const ADVICE_BY_STATUS: Readonly<Record<number, string | undefined>> = {
  400: 'Check the input: the message says what Authlete makes of it',
  401: 'Check serviceAccessToken: Authlete does not know it',
  403: 'Check that serviceAccessToken is for this serviceId, lives in the region of apiUrl, and may do this',
  404: 'Check the id, and that serviceId and apiUrl are those of the service: nothing of the kind is there',
  429: 'Wait before calling again',
  500: 'Authlete failed: try again later',
}

/** What to do about a failure that comes with 200. */
const ADVICE_BY_ACTION: Readonly<Record<string, string | undefined>> = {
  BAD_REQUEST: 'Check the input: the message says what Authlete makes of it',
  FORBIDDEN: 'Authlete does not allow this: check the grant type, the client and the subject',
  NOT_FOUND: 'Check the token, hash or id: Authlete has no such token, or no longer',
  CALLER_ERROR: 'Check the two tokens: both must be of one token response, and of the openid scope',
  INTERNAL_SERVER_ERROR: 'Authlete failed, or the request was wrong for this service',
}

/** The codes are diagnostics. In one documented response the code is a number. */
function problemIn(json: Json): VendorProblem {
  const code = string(json, 'resultCode') ?? number(json, 'resultCode')?.toString()
  const message = string(json, 'resultMessage')
  return { code: code !== undefined && /^[\w.-]{1,40}$/.test(code) ? code : undefined, message }
}

/** A text of JSON, or a client's number that JavaScript's numbers do not hold exactly. */
const TEXT_OR_LONG_ID = /"(?:[^"\\]|\\.)*"(?:\s*:\s*(\d{16,})(?=\s*[,}]))?/g

/** Client numbers have 64 bits. One that would be rounded becomes a text: two clients must not share a number. */
function withExactIds(json: Json, body: string): Json {
  if (!/\d{16}/.test(body)) return json
  const quoted = body.replace(TEXT_OR_LONG_ID, (found: string, digits: string | undefined) =>
    digits !== undefined && /^"(?:clientId|number)"/.test(found) && !Number.isSafeInteger(Number(digits))
      ? `${found.slice(0, -digits.length)}"${digits}"`
      : found,
  )
  const exact = parseJson(quoted)
  return isRecord(exact) ? exact : json
}

/** A client's number, as a text. */
export function clientNumberIn(json: Json, name: string): string | undefined {
  const value = ownMember(json, name)
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined
}
