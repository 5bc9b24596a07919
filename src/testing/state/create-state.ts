import { randomUUID } from 'node:crypto'
import { ClientStore, createClerkMachines, createClient, type TestClientOptions } from './clients.js'
import { createKeyRings, randomDigits, randomLetters, randomString } from './providers.js'
import type { IssuerState } from './state.js'
import { oneOf, boolean, func, integer, string } from '../../options/readers.js'
import type { Result, TableOf } from '../../options/reader.js'
import { StytchClientStore } from '../stytch/clients.js'
import { TokenStore } from './token-store.js'

/** Options of {@link createTestIssuer}. */
export interface TestIssuerOptions {
  /**
   * Port on the loopback interface, from 0 to 65535.
   *
   * @defaultValue `0`: a free port
   */
  readonly port?: number
  /**
   * Port of Stytch's API, which has a separate listener.
   *
   * @defaultValue `0`: a free port
   */
  readonly stytchPort?: number
  /**
   * Current time in milliseconds since the epoch. Pass the same clock to the verifier.
   *
   * @defaultValue `Date.now`
   */
  readonly clock?: () => number
  /**
   * Default audience of tokens and of the option builders.
   *
   * @defaultValue `'https://api.test'`
   */
  readonly audience?: string
  /**
   * Prefix of the OAuth issuer's opaque tokens, which `oauth()` then sets as well.
   *
   * @defaultValue `''`
   */
  readonly opaquePrefix?: string
  /**
   * How Clerk's verify endpoint reports revoked and expired tokens: `'flagged'` returns them with the flag set,
   * `'not-found'` responds with 404.
   *
   * @defaultValue `'flagged'`
   */
  readonly clerkDeadTokens?: 'flagged' | 'not-found'
  /**
   * Whether tokens created at Authlete have a JWT form as well, as if the service signed them.
   *
   * @defaultValue `false`
   */
  readonly authleteJwtAccessTokens?: boolean
}

/** Readers of {@link TestIssuerOptions}. */
export const TEST_ISSUER_OPTIONS = {
  port: integer({ min: 0, max: 65_535, default: 0 }),
  stytchPort: integer({ min: 0, max: 65_535, default: 0 }),
  clock: func<() => number>({ type: '() => number', default: Date.now }),
  audience: string({ default: 'https://api.test' }),
  opaquePrefix: string({ default: '' }),
  clerkDeadTokens: oneOf(['flagged', 'not-found'], 'flagged'),
  authleteJwtAccessTokens: boolean({ default: false }),
} satisfies TableOf<TestIssuerOptions>

/** Creates the state of a test issuer. Ids are random, so that several test issuers do not respond for each other. */
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
    oauth: { ...registeredClient({}, audience), trusted: [] },
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
  // Stytch secrets end with `=`, which must be sent unchanged.
  return { projectId, secret: `secret-test-${randomString(24)}=`, client, clients }
}

function registeredClient(
  options: TestClientOptions,
  audience: string,
): Pick<IssuerState['oauth'], 'client' | 'clients'> {
  const clients = new ClientStore()
  return { clients, client: clients.add(createClient(options, audience)) }
}
