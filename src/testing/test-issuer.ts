import { readOptions } from '../options/read-options.js'
import type { AuthleteOptions } from '../providers/authlete/authlete.js'
import type { ClerkOptions } from '../providers/clerk/clerk.js'
import type { OAuthOptions } from '../providers/oauth.js'
import type { StytchOptions } from '../providers/stytch/stytch.js'
import { authleteRoutes } from './authlete/endpoints.js'
import { clerkRoutes } from './clerk/endpoints.js'
import { createClient, type ClerkMachines, type TestClient, type TestClientOptions } from './state/clients.js'
import { createState, TEST_ISSUER_OPTIONS, type TestIssuerOptions } from './state/create-state.js'
import { CallCounter, type CallCounts, type Endpoint } from './server/endpoints.js'
import { FaultInjector, type Fault, type Gate } from './server/faults.js'
import {
  authleteOptions,
  clerkOptions,
  oauthOptions,
  stytchOptions,
  type OptionOverrides,
} from './issuer-options.js'
import { mintJwt, mintOpaque, type MintJwtOptions, type MintOpaqueOptions } from './mint.js'
import { oauthRoutes } from './oauth/endpoints.js'
import { PROVIDERS, type ProviderName } from './state/providers.js'
import { runningIssuers } from './registry.js'
import { startServer } from './server/server.js'
import type { PublishedKey, SigningAlgorithm } from './state/signing-keys.js'
import { nowSeconds, type IssuerState } from './state/state.js'
import { stytchRoutes } from './stytch/endpoints.js'

/** An issuer for tests: an HTTP server on the loopback interface that speaks as any OAuth issuer, Clerk, Stytch and Authlete. */
export interface TestIssuer extends AsyncDisposable {
  /** The address; also the `iss` of tokens of provider `'oauth'`. */
  readonly url: string
  /** The audience of tokens that ask for none. */
  readonly audience: string
  /** Base addresses for the vendors' own SDKs, without a slash at the end. */
  readonly endpoints: Readonly<Record<ProviderName, string>>
  /** How often each endpoint was called since the start or {@link TestIssuer.resetCalls}; live. */
  readonly calls: CallCounts
  /** The ids of the OAuth issuer's published keys. */
  readonly keys: readonly string[]
  /** The OAuth client that `oauth()` introspects with, and the default client of minted tokens. */
  readonly client: TestClient
  /** The machines of the Clerk instance, with their keys. */
  readonly clerkMachines: ClerkMachines
  /** The Clerk instance's secret key (`sk_test_…`). */
  readonly clerkSecretKey: string
  /** The Stytch project, for Stytch's SDK, and its default M2M client. */
  readonly stytchProject: { readonly projectId: string; readonly secret: string; readonly client: TestClient }
  /** The Authlete service, for Authlete's SDK, and the number of its client. */
  readonly authleteService: {
    readonly serviceId: string
    readonly serviceAccessToken: string
    readonly clientId: string
  }

  /** Options for the factory `oauth`. What is given is added; `undefined` takes an option out. */
  oauth(extra?: OptionOverrides<OAuthOptions>): OAuthOptions
  /** Options for the factory `clerk`, as the receiving machine. */
  clerk(extra?: OptionOverrides<ClerkOptions>): ClerkOptions
  /** Options for the factory `stytch`. */
  stytch(extra?: OptionOverrides<StytchOptions>): StytchOptions
  /** Options for the factory `authlete`; add `issuer: testIssuer.endpoints.authlete` to check JWTs locally. */
  authlete(extra?: OptionOverrides<AuthleteOptions>): AuthleteOptions

  /** Makes a JWT. */
  mintJwt(claims?: MintJwtOptions): string
  /** Makes an opaque token. Stytch has none. */
  mintOpaque(claims?: MintOpaqueOptions): string
  /** From now on the issuer says no to a token, whoever's and of whatever format; false if it is not the issuer's. */
  revoke(token: string): boolean

  /** Publishes new keys for every provider and signs with them; old ones are withdrawn unless `keepOld`. Returns the kid of the OAuth issuer's. */
  rotateKeys(options?: { readonly keepOld?: boolean }): string
  /** Publishes a further key and returns its kid. With `use: true` tokens are signed with it from now on. */
  addKey(options?: {
    readonly algorithm?: SigningAlgorithm
    readonly use?: boolean
    readonly provider?: ProviderName
  }): string
  /** Withdraws a published key; false if there is none of that id. */
  removeKey(kid: string): boolean
  /** A published JWK Set. Default: the OAuth issuer's. */
  jwks(provider?: ProviderName): { readonly keys: readonly PublishedKey[] }
  /** A published key in PEM form. Default: the OAuth issuer's that signs with RS256. Also finds other providers' keys by kid. */
  publicKeyPem(kid?: string): string

  /** Registers a client. */
  addClient(options?: TestClientOptions): TestClient

  /** Makes an endpoint fail, until it is healed or has failed often enough. Replaces an earlier fault. */
  fail(endpoint: Endpoint | 'all', how: Fault): void
  /** Makes an endpoint well; without one, all of them. */
  heal(endpoint?: Endpoint | 'all'): void
  /** Holds the calls of an endpoint until they are released. */
  gate(endpoint: Endpoint): Gate
  /** Sets every count to 0. */
  resetCalls(): void

  /** Ends every connection, hanging ones included, and resolves once the server is gone. */
  close(): Promise<void>
}

/**
 * Starts a test issuer. It needs no network and no set-up, and its state is its own: start one per test if you
 * like, and close each: an open one keeps the process alive.
 *
 * ```ts
 * const issuer = await createTestIssuer()
 * const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
 * await verifier.verify(issuer.mintJwt({ scopes: 'orders:read' }), { scopes: 'orders:read' })
 * await issuer.close()
 * ```
 */
export async function createTestIssuer(given: TestIssuerOptions = {}): Promise<TestIssuer> {
  const options = readOptions('createTestIssuer', given, TEST_ISSUER_OPTIONS)
  const calls = new CallCounter()
  const faults = new FaultInjector()
  const main = await startServer(options.port, calls, faults)
  // A listener of its own: Stytch's SDK drops the path of a base address, and its address is also an `iss`.
  const stytchServer = await startServer(options.stytchPort, calls, faults).catch(async (error: unknown) => {
    await main.close()
    throw error
  })
  const state = createState(options, main.url, stytchServer.url)
  main.serve([...oauthRoutes(state), ...clerkRoutes(state), ...authleteRoutes(state)])
  stytchServer.serve(stytchRoutes(state))
  return assemble(state, calls, faults, async () => {
    await Promise.all([main.close(), stytchServer.close()])
  })
}

function assemble(
  state: IssuerState,
  calls: CallCounter,
  faults: FaultInjector,
  closeServers: () => Promise<void>,
): TestIssuer {
  const { endpoints, keys } = state
  const mintJwtText = (claims?: MintJwtOptions): string => mintJwt(state, claims).value
  const mintOpaqueText = (claims?: MintOpaqueOptions): string => mintOpaque(state, claims).value
  const { projectId, secret, client: stytchClient } = state.stytch
  const { serviceId, serviceAccessToken, clientId } = state.authlete
  const registration = {
    endpoints,
    names: { oauth: [], clerk: [], stytch: [`stytch.com/${projectId}`], authlete: [`authlete:${serviceId}`] },
    mintJwt: mintJwtText,
    mintOpaque: mintOpaqueText,
  }
  runningIssuers.add(registration)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    runningIssuers.delete(registration)
    return (closed ??= closeServers())
  }

  return {
    url: endpoints.oauth,
    audience: state.audience,
    endpoints,
    calls: calls.counts,
    get keys() {
      return keys.oauth.published().map(({ kid }) => kid)
    },
    client: state.oauth.client,
    clerkMachines: state.clerk.machines,
    clerkSecretKey: state.clerk.secretKey,
    stytchProject: { projectId, secret, client: stytchClient },
    authleteService: { serviceId, serviceAccessToken, clientId },
    oauth: (extra) => oauthOptions(state, extra),
    clerk: (extra) => clerkOptions(state, extra),
    stytch: (extra) => stytchOptions(state, extra),
    authlete: (extra) => authleteOptions(state, extra),
    mintJwt: mintJwtText,
    mintOpaque: mintOpaqueText,
    revoke: (token) => state.tokens.revoke(token, nowSeconds(state)),
    rotateKeys(rotation = {}) {
      for (const provider of PROVIDERS) keys[provider].rotate(rotation.keepOld === true)
      return keys.oauth.signingKey(undefined, undefined).kid
    },
    addKey: ({ algorithm, use = false, provider = 'oauth' } = {}) =>
      keys[provider].publish(algorithm, use).kid,
    removeKey: (kid) => PROVIDERS.some((provider) => keys[provider].withdraw(kid)),
    jwks: (provider = 'oauth') => keys[provider].jwks(),
    publicKeyPem: (kid) => publicKeyPem(state, kid),
    addClient: (client = {}) =>
      client.provider === 'stytch'
        ? state.stytch.clients.add(createClient(client, projectId))
        : state.oauth.clients.add(createClient(client, state.audience)),
    fail(endpoint, how) {
      faults.set(endpoint, how)
    },
    heal(endpoint = 'all') {
      faults.heal(endpoint)
    },
    gate: (endpoint) => faults.gate(endpoint),
    resetCalls() {
      calls.reset()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function publicKeyPem(state: IssuerState, kid: string | undefined): string {
  if (kid === undefined) return state.keys.oauth.signingKey(undefined, undefined).publicKeyPem
  const key = PROVIDERS.map((provider) => state.keys[provider].find(kid)).find((found) => found !== undefined)
  if (key === undefined) throw new TypeError(`no key is published as ${kid}`)
  return key.publicKeyPem
}
