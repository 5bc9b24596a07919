import { clerk } from '../../../src/index.js'
import type { MintJwtOptions, MintOpaqueOptions, TestIssuer } from '../../../src/testing/index.js'
import { testBed, type TestBed, type TestBedOptions } from '../../support/test-bed.js'

export type Extra = Parameters<TestIssuer['clerk']>[0]

interface ClerkBed extends TestBed {
  readonly mintJwt: (mint?: Omit<MintJwtOptions, 'provider'>) => string
  readonly mintOpaque: (mint?: Omit<MintOpaqueOptions, 'provider'>) => string
}

export async function atClerk(
  extra: Extra | ((by: TestIssuer) => Extra) = {},
  options: TestBedOptions = {},
): Promise<ClerkBed> {
  const bed = await testBed({
    ...options,
    issuers: (by) => [clerk(by.clerk(typeof extra === 'function' ? extra(by) : extra))],
  })
  return {
    ...bed,
    mintJwt: (mint) => bed.issuer.mintJwt({ ...mint, provider: 'clerk' }),
    mintOpaque: (mint) => bed.issuer.mintOpaque({ ...mint, provider: 'clerk' }),
  }
}
