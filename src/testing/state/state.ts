import type { ClerkMachines, ClientStore, TestClient } from './clients.js'
import type { KeyRing } from './key-ring.js'
import type { ProviderName } from './providers.js'
import type { StytchClientStore } from '../stytch/clients.js'
import type { TokenRecord, TokenStore } from './token-store.js'

/** Everything a test issuer knows, shared by its endpoints and its methods. */
export interface IssuerState {
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  /** The base address of each provider, without a slash at the end. */
  readonly endpoints: Readonly<Record<ProviderName, string>>
  /** The audience of tokens that ask for none. */
  readonly audience: string
  /** What opaque tokens of the OAuth issuer start with. */
  readonly opaquePrefix: string
  readonly keys: Readonly<Record<ProviderName, KeyRing>>
  readonly tokens: TokenStore
  readonly oauth: { readonly client: TestClient; readonly clients: ClientStore }
  readonly clerk: {
    readonly machines: ClerkMachines
    /** The instance's secret key. */
    readonly secretKey: string
    /** What verify says of revoked and expired tokens. */
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
    /** Whether the service signs its access tokens: they are then JWTs as well. */
    readonly jwtAccessTokens: boolean
  }
}

/** Seconds since the epoch, by the test issuer's clock. */
export function nowSeconds(state: Pick<IssuerState, 'clock'>): number {
  return state.clock() / 1000
}

/** Whether a token is past its expiry. At the very second it is (RFC 7519 section 4.1.4). */
export function isExpired(state: IssuerState, record: TokenRecord): boolean {
  const expiresAt = record.claims['exp'] ?? record.expiresAt
  return typeof expiresAt === 'number' && nowSeconds(state) >= expiresAt
}

/** Whether the issuer still stands behind a token: a JWT's key must also be published. */
function isSignatureCurrent(state: IssuerState, record: TokenRecord): boolean {
  return record.format === 'opaque' || state.keys[record.provider].vouchesFor(record.value, record.header)
}

/** Whether a token is good: vouched for, not revoked, and its time is now. */
export function isActive(state: IssuerState, record: TokenRecord): boolean {
  const notBefore = record.claims['nbf']
  const isEarly = typeof notBefore === 'number' && nowSeconds(state) < notBefore
  return !record.revoked && !isEarly && !isExpired(state, record) && isSignatureCurrent(state, record)
}
