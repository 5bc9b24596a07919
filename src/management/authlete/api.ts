import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import * as readers from '../../options/readers.js'
import { secretOption, type Secret } from '../../options/secret.js'
import { urlWithoutQuery } from '../../options/url.js'
import { authleteServiceUrl } from '../../providers/authlete/api-url.js'
import { isRecord } from '../../util/members.js'
import { parseJson } from '../../util/json.js'
import { ENDLESS_LIST } from '../api/listing.js'
import { number, ownMember, string } from '../../util/members.js'
import { MANAGEMENT_OPTIONS, VendorApi, type ManagementOptions } from '../api/vendor-api.js'
import { readSignal, type CallOptions, type VendorCall } from '../api/call.js'
import type { VendorProblem, VendorProfile } from '../api/vendor-profile.js'
import { VendorSecret } from '../api/vendor-secret.js'

/** Options of {@link authleteTokens}. */
export interface AuthleteTokensOptions extends ManagementOptions {
  /** Id of the service. */
  readonly serviceId: string
  /**
   * Service access token with permission for the operations that are used. Never use the organization's, which
   * can access every service. A function is called for every call, and again if Authlete rejects the token.
   */
  readonly serviceAccessToken: Secret
  /**
   * Base URL of the service's region, such as `https://us.authlete.com`. A service exists in one region only, so
   * there is no default. https, or http on loopback.
   */
  readonly apiUrl: string
}

/** Readers of {@link AuthleteTokensOptions}. */
export const AUTHLETE_TOKENS_OPTIONS = {
  ...MANAGEMENT_OPTIONS,
  serviceId: readers.nonEmptyString,
  serviceAccessToken: secretOption,
  apiUrl: urlWithoutQuery,
} satisfies TableOf<AuthleteTokensOptions>

type Json = Readonly<Record<string, unknown>>

/** One call to Authlete's API. */
export interface AuthleteCall {
  /** Name of the public function: `revoke`. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Path below the service. */
  readonly path: string
  readonly query?: NonNullable<VendorCall['query']>
  readonly json?: Json
  readonly isRead: boolean
  readonly isRepeatable?: boolean
  /** Values of the input that must not appear in an error. */
  readonly secrets: readonly unknown[]
  readonly options: CallOptions | undefined
}

/** A response of Authlete. */
export interface AuthleteResponse {
  readonly status: number
  readonly json: Json
  /** Creates the error for a response that lacks a required field. */
  readonly incomplete: (what: string) => Error
  /** Creates the error for a change that matched no token. */
  readonly notFound: () => Error
}

/** Authlete's API, for one service. */
export class AuthleteApi {
  readonly #api: VendorApi
  readonly #secret: VendorSecret

  constructor(where: string, options: AuthleteTokensOptions) {
    const settings = readOptions(where, options, AUTHLETE_TOKENS_OPTIONS)
    const base = authleteServiceUrl(where, settings.apiUrl, settings.serviceId)
    this.#api = new VendorApi({ ...PROFILE, base }, settings)
    this.#secret = new VendorSecret(`${where}.serviceAccessToken`, settings.serviceAccessToken, {
      vendor: 'authlete',
      api: this.#api,
      check: (value) =>
        /^[\x21-\x7e]+$/.test(value) ? undefined : 'must be a token: no spaces, no line breaks',
    })
  }

  /**
   * Sends a call whose status is its result.
   *
   * @throws ManagementError
   */
  async call(call: AuthleteCall): Promise<AuthleteResponse> {
    return this.#read(this.#prepare(call))
  }

  /**
   * Sends a call whose response is always 200, with the result in `action`. Every action that is not in
   * `accepted` is a failure, including an unknown one.
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
    if (action === undefined) throw response.incomplete('no action')
    if (accepted.includes(action)) return { ...response, action }
    const isKnown = Object.hasOwn(ADVICE_BY_ACTION, action)
    throw this.#api.reportedFailure(prepared, {
      ...problemIn(response.json),
      what: isKnown ? action : 'an unknown action',
      advice: ADVICE_BY_ACTION[action],
      status: response.status,
      isUncertain: !call.isRead && (!isKnown || action === 'INTERNAL_SERVER_ERROR'),
    })
  }

  /** Creates the error for an endless list. */
  endlessListError(name: string): Error {
    return this.#api.incompleteResponse({ operation: `authleteTokens.${name}`, isRead: true }, ENDLESS_LIST)
  }

  async #read(call: VendorCall): Promise<AuthleteResponse> {
    const { status, json, body } = await this.#secret.send(call, (secret, deadlineSeconds) =>
      this.#api.call({
        ...call,
        headers: { authorization: `Bearer ${secret}` },
        secrets: [secret, ...this.#secret.known, ...call.secrets],
        deadlineSeconds,
      }),
    )
    return {
      status,
      json: withExactIds(json, body),
      incomplete: (what) => this.#api.incompleteResponse(call, what),
      notFound: () => {
        const what = 'that no token matched'
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
      headers: {},
      secrets: secrets.filter((secret) => typeof secret === 'string'),
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
  400: 'Check the input: the message contains the reason',
  401: 'Check serviceAccessToken: Authlete rejects it',
  403: 'Check that serviceAccessToken is for this serviceId and the region of apiUrl, and has permission for this',
  404: 'Check the id, serviceId and apiUrl: the requested object does not exist',
  429: 'Wait before calling again',
  500: 'Authlete failed: try again later',
}

/** What to do about a failure that is reported with status 200. */
const ADVICE_BY_ACTION: Readonly<Record<string, string | undefined>> = {
  BAD_REQUEST: 'Check the input: the message contains the reason',
  FORBIDDEN: 'Authlete does not allow this: check the grant type, the client and the subject',
  NOT_FOUND: 'Check the token, hash or id: Authlete does not have this token, or no longer has it',
  CALLER_ERROR: 'Check the two tokens: both must come from one token response and have the openid scope',
  INTERNAL_SERVER_ERROR: 'Authlete failed, or the request was wrong for this service',
}

/** Reads Authlete's result code and message. In one documented response the code is a number. */
function problemIn(json: Json): VendorProblem {
  const code = string(json, 'resultCode') ?? number(json, 'resultCode')?.toString()
  const message = string(json, 'resultMessage')
  return { code: code !== undefined && /^[\w.-]{1,40}$/.test(code) ? code : undefined, message }
}

/** A JSON string, or a client number that a JavaScript number cannot represent exactly. */
const STRING_OR_LONG_ID = /"(?:[^"\\]|\\.)*"(?:\s*:\s*(\d{16,})(?=\s*[,}]))?/g

/**
 * Client numbers have 64 bits. A number that would be rounded becomes a string, so that two clients do not share
 * a number.
 */
function withExactIds(json: Json, body: string): Json {
  if (!/\d{16}/.test(body)) return json
  const quoted = body.replace(STRING_OR_LONG_ID, (found: string, digits: string | undefined) =>
    digits !== undefined && /^"(?:clientId|number)"/.test(found) && !Number.isSafeInteger(Number(digits))
      ? `${found.slice(0, -digits.length)}"${digits}"`
      : found,
  )
  const exact = parseJson(quoted)
  return isRecord(exact) ? exact : json
}

/** Returns a client's number as a string. */
export function clientNumberIn(json: Json, name: string): string | undefined {
  const value = ownMember(json, name)
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined
}
