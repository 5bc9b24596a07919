import { LRUCache } from 'lru-cache'
import { TenantKeySet } from '../../keys/tenant-key-set.js'
import type { Issuer, TenantProfile } from '../../model/issuer/issuer.js'
import { functionFailure } from '../../model/refusal/function-failure.js'
import { isRefusal, type OrRefusal, type Refusal } from '../../model/refusal/refusal.js'
import type { Clock } from '../../util/clock.js'
import { tenantOf, urlOfTenant, type UrlTemplate } from '../../util/url/url-template.js'
import type { ConnectedIssuer } from '../connection/issuer-connection.js'
import type { TenantTargets } from '../token-router.js'
import { MOST_UNPROVEN, TenantAdmission, tooManyTenants } from './admission.js'
import { createTenantRule, type TenantRule } from './rule.js'
import { Tenant } from './tenant.js'

/** Default of `maxTenants`. */
const DEFAULT_MAX_TENANTS = 100

/** Dependencies of {@link TenantConnections}. */
export interface TenantConnectionsParts {
  readonly issuer: Issuer
  readonly profile: TenantProfile
  /** Templates of `iss`. The first is the name of the issuer. */
  readonly templates: readonly [UrlTemplate, ...UrlTemplate[]]
  readonly clock: Clock
  /** Whether tenants share all keys and endpoints, so that a new tenant causes no call. */
  readonly isShared: boolean
  /** Connects a tenant. Makes no network call. */
  readonly connect: (described: Issuer, tenant: Tenant) => ConnectedIssuer
}

/**
 * The tenants of an issuer that are in memory. Listed tenants stay in memory. Of the tenants that a function allows, the
 * least recently used is evicted first. A tenant without a valid token so far is kept apart, so that forged tokens of many
 * tenants evict none that is in use.
 */
export class TenantConnections implements TenantTargets<ConnectedIssuer> {
  readonly templates: readonly [UrlTemplate, ...UrlTemplate[]]
  /** The accepted tenants; `undefined` if a function decides. */
  readonly listed: readonly string[] | undefined
  readonly #parts: TenantConnectionsParts
  readonly #rule: TenantRule
  readonly #admission: TenantAdmission | undefined
  readonly #proven: LRUCache<string, ConnectedIssuer>
  readonly #unproven = new Map<string, ConnectedIssuer>()
  readonly #maxUnproven: number

  constructor(parts: TenantConnectionsParts) {
    const { allowed, maxTenants = DEFAULT_MAX_TENANTS } = parts.profile
    this.#parts = parts
    this.templates = parts.templates
    this.listed = typeof allowed === 'function' ? undefined : Object.freeze([...allowed])
    this.#rule = createTenantRule(parts.issuer.name, this.listed ?? allowed)
    this.#admission =
      this.listed === undefined && !parts.isShared ? new TenantAdmission(parts.clock) : undefined
    this.#maxUnproven = this.#admission === undefined ? maxTenants : MOST_UNPROVEN
    this.#proven = new LRUCache<string, ConnectedIssuer>({
      max: this.listed?.length ?? maxTenants,
      dispose: (connected, _tenant, reason) => {
        if (reason !== 'set') release(connected)
      },
    })
  }

  /** Returns the connection of a tenant, if the tenant is accepted. Calls a function before anything is created. */
  find(tenant: string): OrRefusal<ConnectedIssuer> {
    const refusal = this.#rule(tenant)
    if (refusal !== undefined) return refusal
    return this.#proven.get(tenant) ?? this.#unproven.get(tenant) ?? this.#connect(tenant)
  }

  /** Finds the tenant that an `iss` names; `undefined` if it matches no template. */
  findByIss(iss: string): OrRefusal<ConnectedIssuer> | undefined {
    for (const template of this.templates) {
      const tenant = tenantOf(template, iss)
      if (tenant !== undefined) return this.find(tenant)
    }
    return undefined
  }

  /** The tenants that count for the health of the issuer: listed ones, and those with a valid token. */
  connected(): readonly ConnectedIssuer[] {
    return [...this.#proven.values()]
  }

  clear(): void {
    this.#proven.clear()
    for (const connected of this.#unproven.values()) release(connected)
    this.#unproven.clear()
  }

  #connect(name: string): OrRefusal<ConnectedIssuer> {
    const refusal = this.listed === undefined ? this.#makeRoom() : undefined
    if (refusal !== undefined) return refusal
    const connected = this.#create(name)
    if (isRefusal(connected)) return connected
    if (this.listed === undefined) this.#unproven.set(name, connected)
    else this.#proven.set(name, connected)
    return connected
  }

  #create(name: string): OrRefusal<ConnectedIssuer> {
    const { issuer, profile, connect } = this.#parts
    let described: Issuer
    try {
      described = profile.describe(name)
      assertTenant(described, urlOfTenant(this.templates[0], name))
    } catch (error) {
      return functionFailure('tenants.describe', error).withOrigin(issuer.name, 'local')
    }
    return connect(described, new Tenant(name, issuer.name, this.#watcher))
  }

  /** Evicts the oldest unproven tenant if there are too many, unless all of them wait for a response. */
  #makeRoom(): Refusal | undefined {
    const isBounded = this.#admission !== undefined
    if (this.#unproven.size >= this.#maxUnproven) {
      const entries = [...this.#unproven]
      const oldest = isBounded ? entries.find(([, { tenant }]) => tenant?.isBusy !== true) : entries[0]
      if (oldest === undefined) return tooManyTenants(1)
      const refusal = this.#admission?.admit()
      if (refusal !== undefined) return refusal
      this.#unproven.delete(oldest[0])
      release(oldest[1])
      return undefined
    }
    return this.#admission?.admit()
  }

  readonly #watcher = {
    use: (name: string): Refusal | undefined => {
      // Read for its effect: the tenant becomes the most recently used one.
      this.#proven.get(name)
      return this.#rule(name)
    },
    prove: (name: string): void => {
      const connected = this.#unproven.get(name)
      if (connected === undefined) return
      this.#unproven.delete(name)
      this.#proven.set(name, connected)
      this.#admission?.prove()
    },
  }
}

function release({ tenant, keys }: ConnectedIssuer): void {
  if (tenant !== undefined) tenant.isEvicted = true
  if (keys instanceof TenantKeySet) keys.release()
}

/** A custom issuer that described another tenant would have its tokens verified with the keys of that tenant. */
function assertTenant({ name, tenants }: Issuer, iss: string): void {
  if (name !== iss || tenants !== undefined)
    throw new TypeError('tenants.describe: must return the issuer of the tenant, whose name is its iss')
}
