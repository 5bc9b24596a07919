import type { DocumentHealth } from '../model/health.js'
import { explain } from '../model/detail/explain.js'
import { isRefusal, Refusal, type OrRefusal } from '../model/refusal/refusal.js'
import type { KeyQuery, KeySet, VerificationKey } from '../model/verification-key.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import { isTemplateItself, type UrlTemplate } from '../util/url-template.js'

/** Keys that may sign tokens of one tenant: those of its own key set, or of the key set that all tenants share. */
export class TenantKeySet implements KeySet {
  readonly #issuer: string
  readonly #template: UrlTemplate
  #keys: KeySet | undefined

  /**
   * @param issuer - `iss` of the tenant.
   * @param template - template of that `iss`.
   */
  constructor(keys: KeySet, issuer: string, template: UrlTemplate) {
    this.#keys = keys
    this.#issuer = issuer
    this.#template = template
  }

  /** Frees the keys. Cached tokens of an evicted tenant refer to this object until they are dropped. */
  release(): void {
    this.#keys = undefined
  }

  find(query: KeyQuery, characters: number): Awaitable<OrRefusal<readonly VerificationKey[]>> {
    if (this.#keys === undefined) return released()
    const found = this.#keys.find(query, characters)
    return found instanceof Promise ? afterwards(found, this.#ofTenant) : this.#ofTenant(found)
  }

  explainUnknown(query: KeyQuery): () => string {
    return this.#keys?.explainUnknown(query) ?? explain('keys_unavailable', 'evicted', {})
  }

  ensureUsable(now: number): Awaitable<Refusal | undefined> {
    return this.#keys === undefined ? released() : this.#keys.ensureUsable(now)
  }

  load(): Promise<Refusal | undefined> {
    return this.#keys === undefined ? Promise.resolve(released()) : this.#keys.load()
  }

  size(): number {
    return this.#keys?.size() ?? 0
  }

  health(): DocumentHealth {
    return this.#keys?.health() ?? { status: 'ok' }
  }

  /** Leaves out keys that the key set names another issuer for. */
  readonly #ofTenant = (
    found: OrRefusal<readonly VerificationKey[]>,
  ): OrRefusal<readonly VerificationKey[]> => {
    if (isRefusal(found) || found.every((key) => this.#isOfTenant(key))) return found
    const own = found.filter((key) => this.#isOfTenant(key))
    if (own.length > 0) return own
    const values = { kid: found[0]?.kid, stated: found[0]?.issuer, issuer: this.#issuer }
    return new Refusal('key_unknown', { detail: explain('key_unknown', 'other_issuer', values) })
  }

  #isOfTenant({ issuer }: VerificationKey): boolean {
    return issuer === undefined || issuer === this.#issuer || isTemplateItself(this.#template, issuer)
  }
}

function released(): Refusal {
  return new Refusal('keys_unavailable', { detail: explain('keys_unavailable', 'evicted', {}) })
}
