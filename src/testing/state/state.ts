import type { FederatedIdentity } from '../oauth/federated.js'
import type { ClerkMachines, ClientStore, TestClient } from './clients.js'
import type { KeyRing } from './key-ring.js'
import type { KeyOwner, ProviderName } from './providers.js'
import type { StytchClientStore } from '../stytch/clients.js'
import type { TokenRecord, TokenStore } from './token-store.js'

/** State of a test issuer, shared by its endpoints and methods. */
export interface IssuerState {
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  /** Base URL of each provider, without a trailing slash. */
  readonly endpoints: Readonly<Record<ProviderName, string>>
  /** Default audience of tokens. */
  readonly audience: string
  /** Prefix of the OAuth issuer's opaque tokens. */
  readonly opaquePrefix: string
  readonly keys: Readonly<Record<KeyOwner, KeyRing>>
  readonly tokens: TokenStore
  readonly oauth: {
    readonly client: TestClient
    readonly clients: ClientStore
    /** Identities of other issuers whose JWTs grant tokens. */
    readonly trusted: FederatedIdentity[]
  }
  readonly clerk: {
    readonly machines: ClerkMachines
    /** The instance's secret key. */
    readonly secretKey: string
    /** How verify reports revoked and expired tokens. */
    readonly deadTokens: 'flagged' | 'not-found'
  }
  readonly stytch: {
    readonly projectId: string
    readonly secret: string
    readonly client: TestClient
    readonly clients: StytchClientStore
  }
  readonly authlete: {
    readonly serviceId: string
    readonly serviceAccessToken: string
    readonly clientId: string
    /** Whether the service signs its access tokens, which are then JWTs as well. */
    readonly jwtAccessTokens: boolean
  }
}

/** Seconds since the epoch, by the test issuer's clock. */
export function nowSeconds(state: Pick<IssuerState, 'clock'>): number {
  return state.clock() / 1000
}

/** Whether a token is expired. It is expired at the second of `exp` (RFC 7519 section 4.1.4). */
export function isExpired(state: IssuerState, record: TokenRecord): boolean {
  const expiresAt = record.claims['exp'] ?? record.expiresAt
  return typeof expiresAt === 'number' && nowSeconds(state) >= expiresAt
}

/** Whether the key of a JWT is still published. Always `true` for opaque tokens. */
function isSignatureCurrent(state: IssuerState, record: TokenRecord): boolean {
  return record.format === 'opaque' || state.keys[record.provider].isVerifiedBy(record.value, record.header)
}

/** Whether a token is active: its key is published, it is not revoked, and the time is within its validity. */
export function isActive(state: IssuerState, record: TokenRecord): boolean {
  const notBefore = record.claims['nbf']
  const isEarly = typeof notBefore === 'number' && nowSeconds(state) < notBefore
  return !record.revoked && !isEarly && !isExpired(state, record) && isSignatureCurrent(state, record)
}
