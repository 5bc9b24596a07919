import { createHash } from 'node:crypto'
import { authlete, clerk, stytch } from '../../src/index.js'
import {
  authleteTokens,
  clerkTokens,
  stytchClients,
  type AuthleteTokens,
  type ClerkTokens,
  type StytchClients,
  type StytchClientsOptions,
} from '../../src/management/index.js'
import { testBed, type TestBed, type TestBedOptions } from './test-bed.js'

type ClerkOptions = Parameters<typeof clerkTokens>[0]
type AuthleteOptions = Parameters<typeof authleteTokens>[0]

/** A test bed whose verifier accepts Stytch's tokens, and the management client of its project. */
export interface StytchManagementBed extends TestBed {
  readonly options: StytchClientsOptions & { readonly secret: string }
  readonly clients: StytchClients
}

export async function stytchManagementBed(
  extra: Partial<Omit<StytchClientsOptions, 'secret'>> = {},
): Promise<StytchManagementBed> {
  const bed = await testBed({ issuers: (by) => [stytch(by.stytch())] })
  const { projectId, secret } = bed.issuer.stytchProject
  const options = { projectId, secret, apiUrl: bed.issuer.endpoints.stytch, clock: bed.clock, ...extra }
  return { ...bed, options, clients: stytchClients(options) }
}

/** A test bed whose verifier accepts Clerk's tokens, and a management client for every key. */
export interface ClerkManagementBed extends TestBed {
  readonly sender: ClerkTokens
  readonly receiver: ClerkTokens
  readonly stranger: ClerkTokens
  readonly instance: ClerkTokens
  /** The client with the sender's machine key and the key of the instance. */
  readonly both: ClerkTokens
  readonly clientWith: (options: Partial<ClerkOptions>) => ClerkTokens
  /** The id of the machine that creates tokens. */
  readonly subject: string
}

export async function clerkManagementBed(
  testIssuer: TestBedOptions['testIssuer'] = {},
): Promise<ClerkManagementBed> {
  const bed = await testBed({ testIssuer, issuers: (by) => [clerk(by.clerk())] })
  const { clerkMachines, clerkSecretKey: secretKey, endpoints } = bed.issuer
  const { sender, receiver, stranger } = clerkMachines
  const clientWith = (options: Partial<ClerkOptions>): ClerkTokens =>
    clerkTokens({ apiUrl: endpoints.clerk, ...options })
  return {
    ...bed,
    sender: clientWith({ machineSecretKey: sender.secretKey }),
    receiver: clientWith({ machineSecretKey: receiver.secretKey }),
    stranger: clientWith({ machineSecretKey: stranger.secretKey }),
    instance: clientWith({ secretKey }),
    both: clientWith({ machineSecretKey: sender.secretKey, secretKey }),
    clientWith,
    subject: sender.id,
  }
}

/** A test bed whose verifier introspects at Authlete for every request, and the management client of the service. */
export interface AuthleteManagementBed extends TestBed {
  readonly tokens: AuthleteTokens
  readonly tokensWith: (options: Partial<AuthleteOptions>) => AuthleteTokens
  /** The number of the service's client. */
  readonly clientId: string
}

export async function authleteManagementBed(
  testIssuer: TestBedOptions['testIssuer'] = {},
): Promise<AuthleteManagementBed> {
  const bed = await testBed({
    testIssuer,
    issuers: (by) => [authlete(by.authlete({ audience: null }))],
    policy: { confirmAfter: 0 },
  })
  const { serviceId, serviceAccessToken, clientId } = bed.issuer.authleteService
  const apiUrl = bed.issuer.endpoints.authlete
  const tokensWith = (options: Partial<AuthleteOptions>): AuthleteTokens =>
    authleteTokens({ serviceId, serviceAccessToken, apiUrl, ...options })
  return { ...bed, tokens: tokensWith({}), tokensWith, clientId }
}

/** The identifier of a token in Authlete's lists. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
