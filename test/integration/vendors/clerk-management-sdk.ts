import { createClerkClient } from '@clerk/backend'
import { clerkTokens, type ClerkTokens } from '../../../src/management/index.js'
import type { TestBedOptions } from '../../support/test-bed.js'
import { clerkSdkBed, type ClerkSdkBed } from './clerk-sdk.js'
import { wireTo, type Sent } from './clerk-wire.js'

type M2M = ReturnType<typeof createClerkClient>['m2m']
export type TheirToken = Awaited<ReturnType<M2M['createToken']>>

export interface ClerkManagementSdkBed extends ClerkSdkBed {
  /** Our client of the sending machine, and of the receiving one. */
  readonly mine: ClerkTokens
  readonly mineAsReceiver: ClerkTokens
  /** Ours with the key of the instance, and theirs through the same wire. */
  readonly mineAsInstance: ClerkTokens
  readonly wired: M2M
  readonly taken: () => readonly Sent[]
  readonly subject: string
}

export async function clerkManagementSdkBed(
  options?: TestBedOptions['testIssuer'],
): Promise<ClerkManagementSdkBed> {
  const bed = await clerkSdkBed(options)
  const { url, take: taken } = await wireTo(bed.issuer.endpoints.clerk)
  const secretKey = bed.issuer.clerkSecretKey
  return {
    ...bed,
    mine: clerkTokens({ machineSecretKey: bed.sender, apiUrl: url }),
    mineAsReceiver: clerkTokens({ machineSecretKey: bed.receiver, apiUrl: url }),
    mineAsInstance: clerkTokens({ secretKey, apiUrl: url }),
    wired: createClerkClient({ secretKey, apiUrl: url, telemetry: { disabled: true } }).m2m,
    taken,
    subject: bed.issuer.clerkMachines.sender.id,
  }
}
