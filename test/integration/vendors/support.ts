import { onTestFinished } from 'vitest'
import { createVerifier, type Issuer, type Verifier } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import type { AtEnd } from '../../support/at-end.js'
import { dateClock } from '../../support/clock.js'
import { testBed, type TestBed, type TestBedOptions } from '../../support/test-bed.js'

/** A test bed that uses `Date` as its clock, because the vendors' SDKs do. */
export interface SdkBed extends TestBed {
  /** The outcome of our verifier, beside `theirs` of the vendor's SDK. */
  readonly ours: TestBed['outcome']
  /** A verifier with other issuers, for the same test issuer. */
  readonly verifierOf: (...issuers: readonly Issuer[]) => Verifier
}

export async function sdkBed(
  issuerOf: (issuer: TestIssuer) => Issuer,
  testIssuer: TestBedOptions['testIssuer'] = {},
  atEnd: AtEnd = onTestFinished,
): Promise<SdkBed> {
  const clock = dateClock(atEnd)
  const bed = await testBed({ issuers: (issuer) => [issuerOf(issuer)], testIssuer, clock, atEnd })
  return {
    ...bed,
    ours: bed.outcome,
    verifierOf: (...issuers) => createVerifier({ issuers, clock: bed.clock }),
  }
}
