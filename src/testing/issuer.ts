import type { AuthleteOptions } from '../providers/authlete/authlete.js'
import type { ClerkOptions } from '../providers/clerk/clerk-options.js'
import type { OAuthOptions } from '../providers/oauth-options.js'
import type { StytchOptions } from '../providers/stytch/stytch.js'
import type { ClerkMachines, TestClient, TestClientOptions } from './state/clients.js'
import type { FederatedIdentity } from './oauth/federated.js'
import type { CallCounts, Endpoint } from './server/endpoints.js'
import type { Fault, Gate } from './server/faults.js'
import type { OptionOverrides } from './issuer-options.js'
import type { MintJwtOptions, MintOpaqueOptions } from './mint.js'
import type { PresetOptionBuilders } from './presets/options.js'
import type { KeyOwner, ProviderName } from './state/providers.js'
import type { PublishedKey, SigningAlgorithm } from './state/signing-keys.js'

/**
 * An issuer for tests: an HTTP server on the loopback interface that acts as an OAuth issuer, Clerk, Stytch and
 * Authlete.
 */
export interface TestIssuer extends AsyncDisposable, PresetOptionBuilders {
  /** Base URL, also the `iss` of tokens of the provider `'oauth'`. */
  readonly url: string
  /** Default audience of tokens. */
  readonly audience: string
  /** Base URLs for the vendors' SDKs, without a trailing slash. */
  readonly endpoints: Readonly<Record<ProviderName, string>>
  /** Number of calls per endpoint since the start or {@link TestIssuer.resetCalls}. Updated in place. */
  readonly calls: CallCounts
  /** Ids of the OAuth issuer's published keys. */
  readonly keys: readonly string[]
  /** OAuth client that `oauth()` introspects with. It is also the default client of minted tokens. */
  readonly client: TestClient
  /** The machines of the Clerk instance, with their keys. */
  readonly clerkMachines: ClerkMachines
  /** The Clerk instance's secret key (`sk_test_…`). */
  readonly clerkSecretKey: string
  /** The Stytch project, for Stytch's SDK, and its default M2M client. */
  readonly stytchProject: {
    /** Project id, also the audience of the project's tokens. */
    readonly projectId: string
    /** API secret of the project (`secret-test-…`). */
    readonly secret: string
    /** Default M2M client of the project. */
    readonly client: TestClient
  }
  /** The Authlete service, for Authlete's SDK, and the number of its client. */
  readonly authleteService: {
    /** Number of the service, as a string. */
    readonly serviceId: string
    /** Access token that authenticates calls to the Authlete API. */
    readonly serviceAccessToken: string
    /** Number of the service's client, as a string. */
    readonly clientId: string
  }

  /**
   * Creates the options for `oauth`. `extra` adds or replaces options; `undefined` removes one.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [oauth(issuer.oauth({ audience: null }))] })
   * ```
   */
  oauth(extra?: OptionOverrides<OAuthOptions>): OAuthOptions
  /**
   * Creates the options for `clerk`, as the receiving machine.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [clerk(issuer.clerk())] })
   * ```
   */
  clerk(extra?: OptionOverrides<ClerkOptions>): ClerkOptions
  /**
   * Creates the options for `stytch`.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [stytch(issuer.stytch())] })
   * ```
   */
  stytch(extra?: OptionOverrides<StytchOptions>): StytchOptions
  /**
   * Creates the options for `authlete`. Add `issuer: testIssuer.endpoints.authlete` to verify JWTs locally.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [authlete(issuer.authlete())] })
   * ```
   */
  authlete(extra?: OptionOverrides<AuthleteOptions>): AuthleteOptions

  /**
   * Mints a JWT.
   *
   * @throws TypeError for an unknown algorithm or key id.
   *
   * @example
   * ```ts
   * const token = issuer.mintJwt({ scopes: 'orders:read', age: '10m' })
   * ```
   */
  mintJwt(claims?: MintJwtOptions): string
  /**
   * Mints an opaque token.
   *
   * @throws TypeError for Stytch, which has no opaque tokens.
   *
   * @example
   * ```ts
   * const token = issuer.mintOpaque({ provider: 'clerk', scopes: 'orders:read' })
   * ```
   */
  mintOpaque(claims?: MintOpaqueOptions): string
  /**
   * Revokes a token of any provider and format. Returns `false` if the test issuer did not issue it.
   *
   * @example
   * ```ts
   * issuer.revoke(token)
   * ```
   */
  revoke(token: string): boolean

  /**
   * Publishes new signing keys for every provider. The old keys are withdrawn unless `keepOld` is set. Returns
   * the `kid` of the OAuth issuer's key.
   *
   * @example
   * ```ts
   * const kid = issuer.rotateKeys()
   * ```
   */
  rotateKeys(options?: { readonly keepOld?: boolean }): string
  /**
   * Publishes an additional key and returns its `kid`. With `use: true` it becomes the signing key.
   *
   * @example
   * ```ts
   * const kid = issuer.addKey({ algorithm: 'ES256' })
   * ```
   */
  addKey(options?: {
    readonly algorithm?: SigningAlgorithm
    readonly use?: boolean
    readonly provider?: KeyOwner
  }): string
  /**
   * Withdraws a published key. Returns `false` if the id is unknown.
   *
   * @example
   * ```ts
   * issuer.removeKey(kid)
   * ```
   */
  removeKey(kid: string): boolean
  /**
   * Returns a published JWK Set, by default the OAuth issuer's.
   *
   * @example
   * ```ts
   * const { keys } = issuer.jwks('clerk')
   * ```
   */
  jwks(provider?: KeyOwner): {
    /** Published public keys of the provider or preset. */
    readonly keys: readonly PublishedKey[]
  }
  /**
   * Returns a published key as PEM: the one with this `kid` of any provider, or the OAuth issuer's RS256 key.
   *
   * @throws TypeError if the `kid` is not published.
   *
   * @example
   * ```ts
   * oauth(issuer.oauth({ publicKey: issuer.publicKeyPem() }))
   * ```
   */
  publicKeyPem(kid?: string): string

  /**
   * Registers a client and returns it with its credentials.
   *
   * @example
   * ```ts
   * const { clientId, clientSecret } = issuer.addClient({ scopes: 'orders:read' })
   * ```
   */
  addClient(options?: TestClientOptions): TestClient

  /**
   * Trusts the JWTs of a subject of another issuer: for the JWT bearer grant (RFC 7523 section 2.1), and as subject or actor
   * tokens of type `jwt` or `id_token` of a token exchange (RFC 8693).
   *
   * @example
   * ```ts
   * issuer.trust({
   *   issuer: 'https://kubernetes.default.svc.cluster.local',
   *   subject: 'system:serviceaccount:billing:invoices',
   *   jwks: issuer.jwks('kubernetes'),
   * })
   * ```
   */
  trust(identity: FederatedIdentity): void

  /**
   * Makes an endpoint fail until `heal` or for `times` calls. Replaces an earlier fault.
   *
   * @throws TypeError for an unknown endpoint.
   *
   * @example
   * ```ts
   * issuer.fail('jwks', 503)
   * ```
   */
  fail(endpoint: Endpoint | 'all', how: Fault): void
  /**
   * Ends the faults of an endpoint, or of all endpoints.
   *
   * @example
   * ```ts
   * issuer.heal('jwks')
   * ```
   */
  heal(endpoint?: Endpoint | 'all'): void
  /**
   * Holds the calls of an endpoint until they are released.
   *
   * @example
   * ```ts
   * const { waiting, release } = issuer.gate('introspection')
   * ```
   */
  gate(endpoint: Endpoint): Gate
  /**
   * Sets every call count to 0.
   *
   * @example
   * ```ts
   * issuer.resetCalls()
   * ```
   */
  resetCalls(): void

  /**
   * Closes every connection, including hanging ones, and resolves when the server is closed.
   *
   * @example
   * ```ts
   * await issuer.close()
   * ```
   */
  close(): Promise<void>
}
