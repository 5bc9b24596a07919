import { randomUUID } from 'node:crypto'
import { ClientStore, createClerkMachines, createClient, type TestClientOptions } from './clients.js'
import { createKeyRings, randomDigits, randomLetters, randomString } from './providers.js'
import type { IssuerState } from './state.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { oneOf, boolean, func, integer, nonEmptyString, string } from '../../options/readers.js'
import { custom, mapped, type Reader, type Result, type TableOf } from '../../options/reader.js'
import { StytchClientStore } from '../stytch/clients.js'
import { TokenStore } from './token-store.js'

/** Options of {@link createTestIssuer}. */
export interface TestIssuerOptions {
  /**
   * Address or name of the interface to listen on. `'0.0.0.0'` and `'::'` are all interfaces, for containers: then everyone
   * who reaches this machine can obtain tokens.
   *
   * @defaultValue `'127.0.0.1'`
   */
  readonly host?: string
  /**
   * Port, from 0 to 65535.
   *
   * @defaultValue `0`: a free port
   */
  readonly port?: number
  /**
   * URL by which others reach the test issuer, such as `'http://issuer:4100'` in a network of containers. Scheme, host and
   * port only. It is the `iss` of OAuth tokens. Vendors whose URLs are `http` on another host than loopback get it in
   * `insecureHosts` of their options.
   *
   * @defaultValue `host` and `port`, with `127.0.0.1` in place of all interfaces
   */
  readonly url?: string
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

const baseUrl: Reader<string | undefined> = custom({ type: 'URL', isOptional: true }, (option, value) => {
  if (value === undefined) return undefined
  const url = nonEmptyString.read(option, value)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  // A path would belong to no endpoint, and the parser adds a slash to an origin.
  if (
    parsed === undefined ||
    !/^https?:$/.test(parsed.protocol) ||
    ![parsed.origin, parsed.href].includes(url)
  )
    throw new ConfigurationError(option, "must be a scheme, a host and a port, such as 'http://issuer:4100'")
  if (parsed.href !== `${parsed.origin}/`)
    throw new ConfigurationError(option, "must have no path, query or user, such as 'http://issuer:4100'")
  return parsed.origin
})

/** Readers of {@link TestIssuerOptions}. */
export const TEST_ISSUER_OPTIONS = {
  host: string({
    default: '127.0.0.1',
    pattern: /^[\w.:-]+$/,
    expectation: 'must be an address or a host name',
  }),
  port: integer({ min: 0, max: 65_535, default: 0 }),
  url: baseUrl,
  stytchPort: integer({ min: 0, max: 65_535, default: 0 }),
  clock: func<() => number>({ type: '() => number', default: Date.now }),
  audience: mapped(string({ default: 'https://api.test' }), (value, option) =>
    nonEmptyString.read(option, value),
  ),
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
