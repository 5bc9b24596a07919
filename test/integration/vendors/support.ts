import { onTestFinished, vi } from 'vitest'
import { createVerifier, type Issuer, type Policy, type Verifier } from '../../../src/index.js'
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '../../../src/testing/index.js'
import { outcomeOf } from '../../support/outcomes.js'
import { START } from '../../support/clock.js'

/** The one clock of a test. The vendors' clients take none, so it is `Date` itself that stands still. */
interface VendorClock {
  readonly read: () => number
  readonly pass: (seconds: number) => void
}

/** Takes what is to be undone at the end: of a test by default, or of whatever the caller says. */
export type AtEnd = (undo: () => void | Promise<void>) => void

function stopTheClock(atEnd: AtEnd = onTestFinished): VendorClock {
  vi.useFakeTimers({ toFake: ['Date'], now: START })
  atEnd(() => {
    vi.useRealTimers()
  })
  return {
    read: () => Date.now(),
    pass(seconds) {
      vi.setSystemTime(Date.now() + seconds * 1000)
    },
  }
}

export interface VendorStage {
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  readonly pass: (seconds: number) => void
  /** What our verifier makes of a token: `'accepted'`, or the reason. */
  readonly ours: (token: string, policy?: Policy) => Promise<string>
  /** A verifier with issuers of its own, for the same test issuer. */
  readonly verifierOf: (...issuers: readonly Issuer[]) => Verifier
}

/** A test issuer and a verifier of its tokens, both living by `Date`. */
export async function vendorStage(
  issuerOf: (issuer: TestIssuer) => Issuer,
  options: Omit<TestIssuerOptions, 'clock'> = {},
  atEnd: AtEnd = onTestFinished,
): Promise<VendorStage> {
  const { read, pass } = stopTheClock(atEnd)
  const issuer = await createTestIssuer({ ...options, clock: read })
  atEnd(() => issuer.close())
  const verifierOf = (...issuers: readonly Issuer[]): Verifier => createVerifier({ issuers, clock: read })
  const verifier = verifierOf(issuerOf(issuer))
  return {
    issuer,
    verifier,
    pass,
    ours: (token, policy) => outcomeOf(verifier.verify(token, policy)),
    verifierOf,
  }
}
