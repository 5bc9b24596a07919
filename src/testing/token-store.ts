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
  revoked: boolean
  revocationReason: string | null
  updatedAt: number
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
    return [...this.#byValue.values()].filter((record) => record.provider === provider)
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
