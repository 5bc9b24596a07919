import { createClerkClient, type ClerkClient } from '@clerk/backend'
import { clerk } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import type { TestBedOptions } from '../../support/test-bed.js'
import { sdkBed, type SdkBed } from './support.js'

type Clerk = ClerkClient['m2m']

export interface ClerkSdkBed extends SdkBed {
  readonly m2m: Clerk
  readonly sender: string
  readonly receiver: string
  readonly stranger: string
  /** A token that Clerk's client obtains as the sender. */
  readonly create: (options?: Parameters<Clerk['createToken']>[0]) => Promise<Created>
  /** What Clerk's client makes of a token, as the receiver. */
  readonly theirs: (token: string, as?: Clerk) => Promise<'accepted' | 'refused'>
}

interface Created {
  readonly id: string
  readonly token: string
}

/** Clerk's own client, talking to the test issuer. */
export function clerkClient(issuer: TestIssuer): Clerk {
  return createClerkClient({
    secretKey: issuer.clerkSecretKey,
    apiUrl: issuer.endpoints.clerk,
    telemetry: { disabled: true },
  }).m2m
}

type Extra = Parameters<TestIssuer['clerk']>[0]

export async function clerkSdkBed(
  options?: TestBedOptions['testIssuer'],
  extra?: Extra,
): Promise<ClerkSdkBed> {
  const bed = await sdkBed((issuer) => clerk(issuer.clerk(extra)), options)
  const m2m = clerkClient(bed.issuer)
  const { sender, receiver, stranger } = bed.issuer.clerkMachines
  return {
    ...bed,
    m2m,
    sender: sender.secretKey,
    receiver: receiver.secretKey,
    stranger: stranger.secretKey,
    async create(wanted = {}) {
      const { id, token } = await m2m.createToken({ machineSecretKey: sender.secretKey, ...wanted })
      if (token === undefined) throw new Error('Clerk gave no token')
      return { id, token }
    },
    theirs: (token, as = m2m) => verdict(as.verify({ token, machineSecretKey: receiver.secretKey })),
  }
}

/** A valid token is neither revoked nor expired; their client leaves that check to its caller. */
export async function verdict(answer: ReturnType<Clerk['verify']>): Promise<'accepted' | 'refused'> {
  try {
    const { revoked, expired } = await answer
    return revoked || expired ? 'refused' : 'accepted'
  } catch (error) {
    if (isClerksOwn(error)) return 'refused'
    throw error
  }
}

/** A response of the API, or a decision about a JWT; anything else is an unexpected error. */
function isClerksOwn(error: unknown): boolean {
  const { status, code } = error as { readonly status?: number; readonly code?: string }
  return status === 404 || code === 'token-invalid' || code === 'token-verification-failed'
}
