import { randomUUID } from 'node:crypto'
import { ClientStore, createClerkMachines, createClient, type TestClientOptions } from './clients.js'
import { createKeyRings, randomDigits, randomLetters, randomString } from './providers.js'
import type { IssuerState } from './state.js'
import { oneOf, boolean, func, integer, string } from '../../options/readers.js'
import type { Result, TableOf } from '../../options/reader.js'
import { StytchClientStore } from '../stytch/clients.js'
import { TokenStore } from './token-store.js'

/** Options of `createTestIssuer`. */
export interface TestIssuerOptions {
  /** The port of the loopback interface. Default 0: one that is free. */
  readonly port?: number
  /** The port of Stytch's API, which has a listener of its own. Default 0: one that is free. */
  readonly stytchPort?: number
  /** The time, in milliseconds since the epoch. Give the verifier the same. Default `Date.now`. */
  readonly clock?: () => number
  /** The audience of tokens that ask for none, and of the option builders. Default `'https://api.test'`. */
  readonly audience?: string
  /** What opaque tokens of the OAuth issuer start with; `oauth()` then says so. Default: nothing. */
  readonly opaquePrefix?: string
  /**
   * What Clerk's verify endpoint says of revoked and expired tokens: `flagged` describes them with the flag
   * set, `not-found` answers 404. Default `'flagged'`.
   */
  readonly clerkDeadTokens?: 'flagged' | 'not-found'
  /** Whether tokens created at Authlete have a JWT form as well, as where the service signs them. Default `false`. */
  readonly authleteJwtAccessTokens?: boolean
}

/** The options of `createTestIssuer`. */
export const TEST_ISSUER_OPTIONS = {
  port: integer({ min: 0, max: 65_535, default: 0 }),
  stytchPort: integer({ min: 0, max: 65_535, default: 0 }),
  clock: func<() => number>({ type: '() => number', default: Date.now }),
  audience: string({ default: 'https://api.test' }),
  opaquePrefix: string({ default: '' }),
  clerkDeadTokens: oneOf(['flagged', 'not-found'], 'flagged'),
  authleteJwtAccessTokens: boolean({ default: false }),
} satisfies TableOf<TestIssuerOptions>

/** Makes up what a new test issuer knows. Ids are unique, so that several test issuers do not answer for each other. */
export function createState(
  options: Result<typeof TEST_ISSUER_OPTIONS>,
  url: string,
  stytchUrl: string,
): IssuerState {
  const { audience, clock, opaquePrefix } = options
  const projectId = `project-test-${randomUUID()}`
  return {
    clock,
    endpoints: { oauth: url, clerk: `${url}/clerk`, stytch: stytchUrl, authlete: `${url}/authlete` },
    audience,
    opaquePrefix,
    keys: createKeyRings(),
    tokens: new TokenStore(),
    oauth: registeredClient({}, audience),
    clerk: {
      machines: createClerkMachines(),
      secretKey: `sk_test_${randomLetters(40)}`,
      deadTokens: options.clerkDeadTokens,
    },
    stytch: stytchProject(projectId),
    authlete: {
      serviceId: randomDigits(12),
      serviceAccessToken: randomString(32),
      clientId: randomDigits(12),
      jwtAccessTokens: options.authleteJwtAccessTokens,
    },
  }
}

function stytchProject(projectId: string): IssuerState['stytch'] {
  const clients = new StytchClientStore()
  const client = clients.add(createClient({ provider: 'stytch' }, projectId))
  // With the `=` that such a secret ends with, which must reach Stytch as it stands.
  return { projectId, secret: `secret-test-${randomString(24)}=`, client, clients }
}

function registeredClient(
  options: TestClientOptions,
  audience: string,
): Pick<IssuerState['oauth'], 'client' | 'clients'> {
  const clients = new ClientStore()
  return { clients, client: clients.add(createClient(options, audience)) }
}
