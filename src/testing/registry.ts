import type { Issuer } from '../model/issuer.js'
import { PROVIDERS, type ProviderName } from './state/providers.js'
import type { MintJwtOptions, MintOpaqueOptions } from './mint.js'

/** A running test issuer, as the request helpers need it. */
export interface RegisteredTestIssuer {
  readonly endpoints: Readonly<Record<ProviderName, string>>
  /** What the issuer is called where its address is not its name. */
  readonly names: Readonly<Record<ProviderName, readonly string[]>>
  readonly mintJwt: (options: MintJwtOptions) => string
  readonly mintOpaque: (options: MintOpaqueOptions) => string
}

/** Every test issuer of the process that is not closed. */
export const runningIssuers = new Set<RegisteredTestIssuer>()

/** As which of its providers a test issuer stands behind an issuer of a verifier, if at all. */
export function findProvider(candidate: Issuer, testIssuer: RegisteredTestIssuer): ProviderName | undefined {
  const names = [candidate.name, ...(candidate.jwt?.issuers ?? [])]
  const asked = candidate.remote?.endpoint
  return PROVIDERS.find((provider) => {
    const addresses = [testIssuer.endpoints[provider], ...testIssuer.names[provider]]
    if (names.some((name) => addresses.includes(name))) return true
    // The OAuth issuer's address is the beginning of others', so it is known by its name alone.
    return provider !== 'oauth' && asked?.startsWith(`${testIssuer.endpoints[provider]}/`) === true
  })
}
