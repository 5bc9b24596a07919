import { onTestFinished } from 'vitest'
import { clerkTokens, type ClerkTokens } from '../../../src/management/index.js'
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '../../../src/testing/index.js'
import { START } from '../../support/clock.js'

type Options = Parameters<typeof clerkTokens>[0]

export interface ClerkManagement {
  readonly issuer: TestIssuer
  readonly now: () => number
  readonly clock: () => number
  readonly pass: (seconds: number) => void
  /** The management client of each who may call, by its key. */
  readonly sender: ClerkTokens
  readonly receiver: ClerkTokens
  readonly stranger: ClerkTokens
  readonly instance: ClerkTokens
  /** The sender's machine key and the key of the instance. */
  readonly both: ClerkTokens
  readonly clientWith: (options: Partial<Options>) => ClerkTokens
  /** The machine that creates tokens. */
  readonly subject: string
}

/** A test issuer with a clock that stands, and a management client for every key. */
export async function clerkManagement(
  options: Omit<TestIssuerOptions, 'clock'> = {},
): Promise<ClerkManagement> {
  let milliseconds = START
  const clock = (): number => milliseconds
  const issuer = await createTestIssuer({ ...options, clock })
  onTestFinished(() => issuer.close())
  const { sender, receiver, stranger } = issuer.clerkMachines
  const clientWith = (given: Partial<Options>): ClerkTokens =>
    clerkTokens({ apiUrl: issuer.endpoints.clerk, ...given })
  return {
    issuer,
    clock,
    now: () => milliseconds / 1000,
    pass(seconds) {
      milliseconds += seconds * 1000
    },
    sender: clientWith({ machineSecretKey: sender.secretKey }),
    receiver: clientWith({ machineSecretKey: receiver.secretKey }),
    stranger: clientWith({ machineSecretKey: stranger.secretKey }),
    instance: clientWith({ secretKey: issuer.clerkSecretKey }),
    both: clientWith({ machineSecretKey: sender.secretKey, secretKey: issuer.clerkSecretKey }),
    clientWith,
    subject: sender.id,
  }
}
