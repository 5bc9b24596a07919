import { exchange } from '../http/exchange.js'
import { ExchangeError, UnreadableResponseError } from '../http/exchange-error.js'
import { maskOwnCredentials } from '../http/own-credentials.js'
import { isTemporaryOutcome, retry } from '../http/retry.js'
import { retryAfterSeconds } from '../http/retry-after.js'
import type { HttpResponse } from '../http/transport/messages.js'
import type { Transport } from '../http/transport/transport.js'
import type { RemoteProfile, RemoteRequest, RemoteResponse } from '../model/issuer/remote-profile.js'
import type { RemoteSettings } from '../model/issuer/issuer-settings.js'
import { SecretError } from '../options/secret.js'
import type { Clock } from '../util/clock.js'
import { within } from '../util/abort.js'
import { Deadline } from '../http/deadline.js'
import { parseJson } from '../util/json.js'
import { isClientError, type CallResult, type Failure, type Statement } from './outcome.js'
import type { SharedCalls } from './call-limits.js'
import { hasDuplicateMembers } from '../util/duplicate-members.js'
import { maskToken, rejectAmbiguous } from './read-result.js'
import { RenewableCredential, type Credential } from './renewable-credential.js'

/** Reads a response about a token. */
export type ResponseReader<T extends Statement> = (response: RemoteResponse, token: string) => T

/** Minimum and maximum delay before a retry, in seconds. */
const RETRY_DELAYS = [0.02, 0.12] as const

/** The credential of an issuer whose credential is part of its configuration. */
const FIXED: Credential = { value: undefined }

/** Sends requests about tokens to the endpoint of an issuer, within the deadline and with its current credential. */
export class EndpointCalls {
  readonly #profile: RemoteProfile
  readonly #options: RemoteSettings
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #credential: RenewableCredential | undefined

  /** @param sharedCredential - the credential of all tenants of the issuer, in place of that of the profile. */
  constructor(
    profile: RemoteProfile,
    options: RemoteSettings,
    clock: Clock,
    transport: Transport,
    sharedCredential: SharedCalls['credential'],
  ) {
    this.#profile = profile
    this.#options = options
    this.#clock = clock
    this.#transport = transport
    const { readCredential } = profile
    if (sharedCredential !== undefined) this.#credential = sharedCredential(options)
    else if (readCredential !== undefined)
      this.#credential = new RenewableCredential(readCredential, options, clock)
  }

  /** Sends a request, and a second one after a temporary failure or with a renewed credential. Never rejects. */
  async call<T extends Statement>(
    url: string,
    token: string,
    read: ResponseReader<T>,
  ): Promise<CallResult<T>> {
    const { deadline } = this.#options
    const renewable = this.#credential
    const limit = new Deadline(deadline)
    try {
      if (renewable === undefined) return await this.#send(url, token, read, FIXED, deadline)
      const credential = await renewable.current(limit.remaining())
      const result = await this.#send(url, token, read, credential, limit.remaining())
      if (!isRejected(result)) return result
      const renewed = await renewable.renew(credential, limit.remaining())
      return renewed === undefined ? result : await this.#send(url, token, read, renewed, limit.remaining())
    } catch (error) {
      return credentialFailure(error)
    }
  }

  /** Sends a request, and a second one within the same deadline after a temporary failure. */
  async #send<T extends Statement>(
    url: string,
    token: string,
    read: ResponseReader<T>,
    credential: Credential,
    deadlineSeconds: number,
  ): Promise<CallResult<T>> {
    const settings = { deadlineSeconds, retries: this.#options.retries, pauses: RETRY_DELAYS }
    const sent: { request?: RemoteRequest } = {}
    const attempt = (left: number): Promise<HttpResponse | Error> =>
      this.#attempt(url, token, credential, left, sent)
    const outcome = await retry(settings, attempt, isTemporaryOutcome)
    return this.#read(outcome, token, read, sent.request)
  }

  async #attempt(
    url: string,
    token: string,
    credential: Credential,
    deadlineSeconds: number,
    sent: { request?: RemoteRequest },
  ): Promise<HttpResponse | Error> {
    try {
      const context = { url, credential: credential.value, now: this.#clock.now() }
      const created = this.#profile.request(token, context)
      const limit = new Deadline(deadlineSeconds)
      const { headers, body, tls } =
        created instanceof Promise ? await withinDeadline(created, deadlineSeconds) : created
      sent.request = { headers: { ...headers }, body }
      const request = { url, method: 'POST' as const, ...sent.request, tls }
      const { maxBytes } = this.#options
      const limits = { deadlineSeconds: limit.remaining(), maxBytes }
      return await exchange({ ...request, ...limits, transport: this.#transport })
    } catch (error) {
      // Another attempt would call the same function again.
      if (error instanceof SecretError) throw error
      // Another error is of a custom issuer, whose message may contain a credential.
      return error instanceof ExchangeError
        ? error
        : new ExchangeError('the request function of the issuer threw an error')
    }
  }

  #read<T extends Statement>(
    outcome: HttpResponse | Error,
    token: string,
    read: ResponseReader<T>,
    request: RemoteRequest | undefined,
  ): CallResult<T> {
    if (outcome instanceof Error) {
      return {
        statement: { fault: 'issuer_unavailable', detail: outcome.message },
        isUnreadable: outcome instanceof UnreadableResponseError,
      }
    }
    const { status, headers, text } = outcome
    const retryAfter = retryAfterSeconds(headers, this.#clock.now())
    const parsed = maskToken(parseJson(text), text, token)
    const json = request === undefined ? parsed : maskOwnCredentials(parsed, text, request)
    const isClientRejected = status === 401 || (status === 400 && isClientError(json))
    try {
      const stated = read({ status, json }, token)
      const statement = rejectAmbiguous(stated, outcome, json)
      const response = { status, json }
      // Another process may read a token as active that this one reads as inactive, and could not notice duplicate members.
      const isExact = statement === stated && !('fault' in stated) && !hasDuplicateMembers(text)
      const shareable = isExact ? { response } : {}
      return { statement, status, retryAfter, isClientRejected, ...shareable }
    } catch {
      // A custom reader that throws has not read a statement about the token.
      return {
        statement: { fault: 'issuer_unavailable', detail: 'the read function of the issuer threw an error' },
        status,
        retryAfter,
        isClientRejected,
      }
    }
  }
}

/** Limits the time of a custom function that authenticates the request. */
function withinDeadline<T>(created: Promise<T>, seconds: number): Promise<T> {
  const late = (): Error =>
    new SecretError('the authentication of the request did not complete within the deadline')
  return within({ seconds, late }, () => created)
}

/** Whether the issuer rejected our credentials. A 403 may concern the token instead. */
function isRejected({ statement, status, isClientRejected }: CallResult<Statement>): boolean {
  return 'fault' in statement && (isClientRejected === true || status === 403)
}

/** The result of a call that was not made, because its credential could not be read. */
function credentialFailure(error: unknown): CallResult<never> & { readonly statement: Failure } {
  const detail =
    error instanceof SecretError ? error.message : 'the credential of the request could not be read'
  return { statement: { fault: 'issuer_refused_us', detail }, isClientRejected: true, isUnsent: true }
}
