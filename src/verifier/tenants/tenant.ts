import { isRefusal, type OrRefusal, type Refusal } from '../../model/refusal/refusal.js'
import type { Awaitable } from '../../util/awaitable.js'

/** Functions with which a {@link Tenant} reports to the tenants of its issuer. */
export interface TenantWatcher {
  /** Refuses the tenant if it is not accepted now. Otherwise records that it is in use. */
  readonly use: (tenant: string) => Refusal | undefined
  /** Called once a token of the tenant is valid. */
  readonly prove: (tenant: string) => void
}

/** A tenant whose keys are in memory. */
export class Tenant {
  /** Name of the configured issuer: the template of `iss`. */
  readonly template: string
  readonly #name: string
  readonly #watcher: TenantWatcher
  #verifying = 0
  /** Set when the tenant is evicted. Its cached tokens are verified again, because its keys are no longer refreshed. */
  isEvicted = false

  constructor(name: string, template: string, watcher: TenantWatcher) {
    this.#name = name
    this.template = template
    this.#watcher = watcher
  }

  /** Whether a verification waits for the tenant's keys. */
  get isBusy(): boolean {
    return this.#verifying > 0
  }

  /** Refuses a cached token if the tenant is no longer accepted. */
  refuse(): Refusal | undefined {
    return this.#watcher.use(this.#name)
  }

  /** Records the verification of a token that is not cached. */
  track<T>(verified: Awaitable<OrRefusal<T>>): Awaitable<OrRefusal<T>> {
    if (!(verified instanceof Promise)) return this.#proveBy(verified)
    this.#verifying += 1
    return verified
      .then((result) => this.#proveBy(result))
      .finally(() => {
        this.#verifying -= 1
      })
  }

  /** Records that a token of the tenant is valid. */
  prove(): void {
    if (!this.isEvicted) this.#watcher.prove(this.#name)
  }

  #proveBy<T>(result: OrRefusal<T>): OrRefusal<T> {
    if (!isRefusal(result)) this.prove()
    return result
  }
}
