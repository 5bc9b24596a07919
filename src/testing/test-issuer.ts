import { readOptions } from '../options/read-options.js'
import { authleteRoutes } from './authlete/endpoints.js'
import { clerkRoutes } from './clerk/endpoints.js'
import { createClient } from './state/clients.js'
import { createState, TEST_ISSUER_OPTIONS, type TestIssuerOptions } from './state/create-state.js'
import { CallCounter } from './server/endpoints.js'
import { FaultInjector } from './server/faults.js'
import { authleteOptions, clerkOptions, oauthOptions, stytchOptions } from './issuer-options.js'
import { mintJwt, mintOpaque, type MintJwtOptions, type MintOpaqueOptions } from './mint.js'
import { oauthRoutes } from './oauth/endpoints.js'
import { presetOptionBuilders } from './presets/options.js'
import { presetRoutes } from './presets/server.js'
import { KEY_OWNERS } from './state/providers.js'
import { runningIssuers } from './registry.js'
import { startServer } from './server/server.js'
import { nowSeconds, type IssuerState } from './state/state.js'
import { stytchRoutes } from './stytch/endpoints.js'
import type { TestIssuer } from './issuer.js'

/**
 * Starts a test issuer on the loopback interface. Test issuers share no state. Close each one, because an open
 * one keeps the process alive.
 *
 * @throws ConfigurationError that names the option that is invalid or unknown.
 *
 * @example
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
  // A separate listener, because Stytch's SDK drops the path of a base URL, and its URL is also an `iss`.
  const stytchServer = await startServer(options.stytchPort, calls, faults).catch(async (error: unknown) => {
    await main.close()
    throw error
  })
  const state = createState(options, main.url, stytchServer.url)
  main.serve([...oauthRoutes(state), ...clerkRoutes(state), ...authleteRoutes(state), ...presetRoutes(state)])
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
  const mintJwtString = (claims?: MintJwtOptions): string => mintJwt(state, claims).value
  const mintOpaqueString = (claims?: MintOpaqueOptions): string => mintOpaque(state, claims).value
  const { projectId, secret, client: stytchClient } = state.stytch
  const { serviceId, serviceAccessToken, clientId } = state.authlete
  const presets = presetOptionBuilders(state)
  const registration = {
    endpoints,
    names: { oauth: [], clerk: [], stytch: [`stytch.com/${projectId}`], authlete: [`authlete:${serviceId}`] },
    mintJwt: mintJwtString,
    mintOpaque: mintOpaqueString,
    presets: presets.fetches,
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
    ...presets.builders,
    mintJwt: mintJwtString,
    mintOpaque: mintOpaqueString,
    revoke: (token) => state.tokens.revoke(token, nowSeconds(state)),
    rotateKeys(rotation = {}) {
      for (const owner of KEY_OWNERS) keys[owner].rotate(rotation.keepOld === true)
      return keys.oauth.signingKey(undefined, undefined).kid
    },
    addKey: ({ algorithm, use = false, provider = 'oauth' } = {}) =>
      keys[provider].publish(algorithm, use).kid,
    removeKey: (kid) => KEY_OWNERS.some((owner) => keys[owner].withdraw(kid)),
    jwks: (provider = 'oauth') => keys[provider].jwks(),
    publicKeyPem: (kid) => publicKeyPem(state, kid),
    addClient: (client = {}) =>
      client.provider === 'stytch'
        ? state.stytch.clients.add(createClient(client, projectId))
        : state.oauth.clients.add(createClient(client, state.audience)),
    trust: (identity) => {
      state.oauth.trusted.push(identity)
    },
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
  const key = KEY_OWNERS.map((owner) => state.keys[owner].find(kid)).find((found) => found !== undefined)
  if (key === undefined) throw new TypeError(`no key with the id ${kid} is published`)
  return key.publicKeyPem
}
