import type { AuthleteDetails } from '../authlete/details.js'
import type { ProviderName } from './providers.js'

/** What the test issuer knows of a token it has issued. Times in seconds since the epoch. */
export interface TokenRecord {
  /** The token itself. */
  readonly value: string
  /** `jti`, Clerk's token id, Authlete's token id. */
  readonly id: string
  readonly provider: ProviderName
  readonly format: 'jwt' | 'opaque'
  readonly clientId: string
  /** The `sub`; for machine tokens the client's id. */
  readonly subject: string
  readonly scopes: readonly string[]
  /** Audiences, resources, or at Clerk the machines it may be presented to. */
  readonly audience: readonly string[]
  readonly issuedAt: number
  /** `null` never expires. */
  readonly expiresAt: number | null
  /** The header of a JWT; empty for opaque tokens. */
  readonly header: Readonly<Record<string, unknown>>
  /** Everything the token says, or an introspection of it. */
  readonly claims: Readonly<Record<string, unknown>>
  /** What was added to the provider's own claims. */
  readonly extraClaims: Readonly<Record<string, unknown>>
  /** What Authlete's API was told of it; absent for tokens that a test minted. */
  readonly authlete?: AuthleteDetails
  revoked: boolean
  revocationReason: string | null
  updatedAt: number
  /** When Clerk was last asked about it; absent if never. */
  lastUsedAt?: number
}

/** Every token issued, by its value and by its id. Kept in order of issue. */
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

  /** From now on a second value stands for the same token. */
  alias(value: string, record: TokenRecord): void {
    this.#byValue.set(value, record)
  }

  /** Changes what is known of a token, its value included: the old one is then nobody's. */
  replace(record: TokenRecord, changes: Partial<TokenRecord>): TokenRecord {
    const changed = { ...record, ...changes }
    for (const [value, known] of this.#byValue) if (known === record) this.#byValue.set(value, changed)
    if (changed.value !== record.value) this.#byValue.delete(record.value)
    return this.add(changed)
  }

  /** Revokes a token, whichever provider's; false if it was never issued. */
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
