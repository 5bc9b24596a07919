import { createHash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { authlete, createVerifier, type Policy } from '../../../src/index.js'
import { authleteTokens, type AuthleteTokens } from '../../../src/management/index.js'
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '../../../src/testing/index.js'
import { outcomeOf } from '../../support/outcomes.js'
import { START } from '../../support/clock.js'

type Options = Parameters<typeof authleteTokens>[0]

export interface AuthleteManagement {
  readonly issuer: TestIssuer
  readonly tokens: AuthleteTokens
  readonly tokensWith: (options: Partial<Options>) => AuthleteTokens
  /** The number of the service's client. */
  readonly clientId: string
  /** Seconds since the epoch. */
  readonly now: () => number
  readonly pass: (seconds: number) => void
  /** What a guard that asks about every request makes of a token. */
  readonly guarded: (token: string, policy?: Policy) => Promise<string>
}

/** A test issuer with a clock that stands, a management client, and a guard that remembers nothing. */
export async function authleteManagement(
  options: Omit<TestIssuerOptions, 'clock'> = {},
): Promise<AuthleteManagement> {
  let milliseconds = START
  const clock = (): number => milliseconds
  const issuer = await createTestIssuer({ ...options, clock })
  const verifier = createVerifier({
    issuers: [authlete(issuer.authlete({ audience: null }))],
    policy: { confirmAfter: 0 },
    clock,
  })
  onTestFinished(async () => {
    verifier.close()
    await issuer.close()
  })
  const { serviceId, serviceAccessToken, clientId } = issuer.authleteService
  const tokensWith = (given: Partial<Options>): AuthleteTokens =>
    authleteTokens({ serviceId, serviceAccessToken, apiUrl: issuer.endpoints.authlete, ...given })
  return {
    issuer,
    tokens: tokensWith({}),
    tokensWith,
    clientId,
    now: () => milliseconds / 1000,
    pass(seconds) {
      milliseconds += seconds * 1000
    },
    guarded: (token, policy) => outcomeOf(verifier.verify(token, policy)),
  }
}

/** How Authlete names a token in a list. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/** A 200 with this text as its body, whatever is asked. */
export function answering(text: string): { readonly status: 200; readonly body: string } {
  return { status: 200, body: text }
}
