import { SecretError } from '../options/secret.js'
import { within } from '../util/abort.js'
import type { Clock } from '../util/clock.js'
import { SharedFlight } from '../util/single-flight.js'

/** A credential that was read. Two reads of the same value return the same object. */
export interface Credential {
  readonly value: unknown
}

/** Limits of reading a credential. */
export interface CredentialLimits {
  /** Maximum seconds of one read. */
  readonly deadline: number
  /** Minimum seconds between two reads that a rejection or a failure causes. */
  readonly breakerPause: number
}

/**
 * Caches the credential of the calls to an issuer, and reads it again when the issuer rejects it. All calls share one read.
 * An issuer that rejects every credential, or a secret store that fails, causes one read per `breakerPause`.
 */
export class RenewableCredential {
  readonly #read: () => unknown
  readonly #limits: CredentialLimits
  readonly #clock: Clock
  readonly #flight = new SharedFlight<Credential>()
  #cached: Credential | undefined
  #failure: unknown
  #pausedUntil = Number.NEGATIVE_INFINITY

  constructor(read: () => unknown, limits: CredentialLimits, clock: Clock) {
    this.#read = read
    this.#limits = limits
    this.#clock = clock
  }

  /**
   * Returns the credential, and reads it if it is not cached.
   *
   * @param seconds - maximum time that this caller waits.
   * @throws SecretError if it cannot be read.
   */
  async current(seconds: number): Promise<Credential> {
    if (this.#cached !== undefined) return this.#cached
    if (this.#flight.inFlight === undefined && this.#isPaused()) throw this.#failure
    return this.#readShared(seconds)
  }

  /**
   * Returns another credential than the rejected one, if there is one. It is read again, unless that was done since the
   * rejected one was used, or less than `breakerPause` ago.
   *
   * @throws SecretError if it cannot be read.
   */
  async renew(rejected: Credential, seconds: number): Promise<Credential | undefined> {
    if (this.#cached !== rejected) return this.#cached
    if (this.#flight.inFlight === undefined) {
      if (this.#isPaused()) return undefined
      this.#pause()
    }
    const renewed = await this.#readShared(seconds)
    return renewed === rejected ? undefined : renewed
  }

  #isPaused(): boolean {
    return this.#clock.elapsed() < this.#pausedUntil
  }

  #pause(): void {
    this.#pausedUntil = this.#clock.elapsed() + this.#limits.breakerPause
  }

  /** Joins the read in flight or starts one. */
  async #readShared(seconds: number): Promise<Credential> {
    const flight = this.#flight.share(() => this.#readOnce())
    return within({ seconds, late: createTimeoutError }, () => flight)
  }

  async #readOnce(): Promise<Credential> {
    const { deadline: seconds } = this.#limits
    try {
      const value = await within({ seconds, late: createTimeoutError }, async () => {
        // In an async function, so that a synchronous exception becomes a rejection.
        return await this.#read()
      })
      if (this.#cached === undefined || this.#cached.value !== value) this.#cached = { value }
      return this.#cached
    } catch (error) {
      this.#failure = error
      this.#pause()
      throw error
    }
  }
}

function createTimeoutError(): SecretError {
  return new SecretError('the function or promise of the credential did not return within the deadline')
}
