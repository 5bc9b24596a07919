import { randomUUID } from 'node:crypto'
import { ClientStore, createClerkMachines, createClient, type TestClientOptions } from './clients.js'
import { createKeyRings, randomDigits, randomLetters, randomText } from './providers.js'
import type { IssuerState } from './state.js'
import type { TestIssuerOptions } from './test-issuer.js'
import { TokenStore } from './token-store.js'

const DEFAULT_AUDIENCE = 'https://api.test'

/** Makes up what a new test issuer knows. Ids are unique, so that several test issuers do not answer for each other. */
export function createState(options: TestIssuerOptions, url: string, stytchUrl: string): IssuerState {
  const audience = options.audience ?? DEFAULT_AUDIENCE
  const projectId = `project-test-${randomUUID()}`
  return {
    clock: options.clock ?? Date.now,
    endpoints: { oauth: url, clerk: `${url}/clerk`, stytch: stytchUrl, authlete: `${url}/authlete` },
    audience,
    opaquePrefix: options.opaquePrefix ?? '',
    keys: createKeyRings(),
    tokens: new TokenStore(),
    oauth: registeredClient({}, audience),
    clerk: {
      machines: createClerkMachines(),
      secretKey: `sk_test_${randomLetters(40)}`,
      deadTokens: options.clerkDeadTokens ?? 'flagged',
    },
    stytch: {
      projectId,
      secret: `secret-test-${randomText(24)}`,
      ...registeredClient({ provider: 'stytch' }, projectId),
    },
    authlete: {
      serviceId: randomDigits(12),
      serviceAccessToken: randomText(32),
      clientId: randomDigits(12),
    },
  }
}

function registeredClient(
  options: TestClientOptions,
  audience: string,
): Pick<IssuerState['oauth'], 'client' | 'clients'> {
  const clients = new ClientStore()
  return { clients, client: clients.add(createClient(options, audience)) }
}
