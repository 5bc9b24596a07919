import type { AuthleteDetails } from '../authlete/details.js'
import type { KeyOwner, ProviderName } from './providers.js'

/** State of an issued token. Times are in seconds since the epoch. */
export interface TokenRecord {
  /** The token itself. */
  readonly value: string
  /** `jti`, Clerk's token id, Authlete's token id. */
  readonly id: string
  readonly provider: KeyOwner
  readonly format: 'jwt' | 'opaque'
  readonly clientId: string
  /** The `sub`; for machine tokens the client's id. */
  readonly subject: string
  readonly scopes: readonly string[]
  /** Audiences, resources, or at Clerk the machines that accept the token. */
  readonly audience: readonly string[]
  readonly issuedAt: number
  /** `null` never expires. */
  readonly expiresAt: number | null
  /** The header of a JWT; empty for opaque tokens. */
  readonly header: Readonly<Record<string, unknown>>
  /** All claims of the token, or of its introspection. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Claims that were added to the provider's. */
  readonly extraClaims: Readonly<Record<string, unknown>>
  /** Details from Authlete's API; absent for tokens minted by a test. */
  readonly authlete?: AuthleteDetails
  revoked: boolean
  revocationReason: string | null
  updatedAt: number
  /** Time of the last verification at Clerk; absent if there was none. */
  lastUsedAt?: number
}

/** All issued tokens by value and by id, in order of issue. */
export class TokenStore {
  readonly #byValue = new Map<string, TokenRecord>()
  readonly #byId = new Map<string, TokenRecord>()

  add(record: TokenRecord): TokenRecord {
    this.#byValue.set(record.value, record)
    this.#byId.set(record.id, record)
    return record
  }

  find(provider: ProviderName, value: string): TokenRecord | undefined {
    return ofProvider(provider, this.#byValue.get(value))
  }

  findById(provider: ProviderName, id: string): TokenRecord | undefined {
    return ofProvider(provider, this.#byId.get(id))
  }

  /** The tokens of a provider, oldest first. */
  list(provider: ProviderName): readonly TokenRecord[] {
    return [...this.#byId.values()].filter((record) => record.provider === provider)
  }

  /** Adds a second value for the same token. */
  alias(value: string, record: TokenRecord): void {
    this.#byValue.set(value, record)
  }

  /** Changes a token, including its value. The old value then belongs to no token. */
  replace(record: TokenRecord, changes: Partial<TokenRecord>): TokenRecord {
    const changed = { ...record, ...changes }
    for (const [value, known] of this.#byValue) if (known === record) this.#byValue.set(value, changed)
    if (changed.value !== record.value) this.#byValue.delete(record.value)
    return this.add(changed)
  }

  /** Revokes a token of any provider. Returns `false` if it was never issued. */
  revoke(value: string, now: number, reason: string | null = null): boolean {
    const record = this.#byValue.get(value)
    if (record === undefined) return false
    record.revoked = true
    record.revocationReason = reason
    record.updatedAt = now
    return true
  }
}

function ofProvider(provider: ProviderName, record: TokenRecord | undefined): TokenRecord | undefined {
  return record?.provider === provider ? record : undefined
}
