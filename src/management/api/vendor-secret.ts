import { SecretError, secretReader, type CredentialReader, type Secret } from '../../options/secret.js'
import { within } from '../../util/abort.js'
import { Deadline } from '../../http/deadline.js'
import { ManagementError, type Vendor } from './management-error.js'
import type { VendorCall } from './call.js'
import type { VendorResponse } from './response.js'
import type { VendorApi } from './vendor-api.js'

/** One call without the secret: what the error of a failing function names. */
type Call = Pick<VendorCall, 'operation' | 'signal' | 'deadlineSeconds'>

/** The secret of a vendor's API: a string, or a function that is called for every call. */
export class VendorSecret {
  readonly #reader: CredentialReader<string>
  readonly #vendor: Vendor
  readonly #api: VendorApi
  #known: readonly string[]

  /** @throws ConfigurationError for an invalid string. It does not quote it. */
  constructor(
    option: string,
    secret: Secret,
    {
      vendor,
      api,
      check,
    }: {
      readonly vendor: Vendor
      readonly api: VendorApi
      readonly check?: (value: string) => string | undefined
    },
  ) {
    this.#reader = secretReader(option, secret, check)
    this.#known = this.#reader.fixed === undefined ? [] : [this.#reader.fixed.value]
    this.#vendor = vendor
    this.#api = api
  }

  /** The secrets that no error may contain, because a response may repeat them: the current one and the one before it. */
  get known(): readonly string[] {
    return this.#known
  }

  /**
   * Sends a call with the secret. If the vendor rejects it with 401 and the function then returns another one, the call is sent again,
   * because a rejected call had no effect.
   *
   * @throws ManagementError if the function fails or does not return within the deadline.
   */
  async send(
    call: Call,
    send: (secret: string, deadlineSeconds: number) => Promise<VendorResponse>,
  ): Promise<VendorResponse> {
    const total = call.deadlineSeconds ?? this.#api.deadlineSeconds
    const limit = new Deadline(total)
    const secret = await this.#read(call, limit.remaining())
    try {
      return await send(secret, this.#reader.isFunction ? limit.remaining() : total)
    } catch (error) {
      const isRejected = error instanceof ManagementError && error.status === 401
      if (!isRejected || !this.#reader.isFunction) throw error
      const current = await this.#read(call, limit.remaining())
      if (current === secret) throw error
      return send(current, limit.remaining())
    }
  }

  async #read({ operation, signal }: Call, seconds: number): Promise<string> {
    if (this.#reader.fixed !== undefined) return this.#reader.fixed.value
    const late = (): Error =>
      new SecretError(`the secret was not returned within ${this.#api.deadlineSeconds} s`)
    try {
      const secret = await within({ seconds, signal, late }, () => this.#reader.read())
      if (secret !== this.#known[0]) this.#known = [secret, ...this.#known.slice(0, 1)]
      return secret
    } catch (error) {
      if (!(error instanceof SecretError)) throw error
      const reason = 'credentials_unavailable'
      const { problem, advice } = error
      throw new ManagementError({ vendor: this.#vendor, operation, reason, problem, advice })
    }
  }
}
