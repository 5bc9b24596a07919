import { processWide } from '../util/process-wide.js'
import type { Issuer } from '../model/issuer/issuer.js'
import { PROVIDERS, type ProviderName } from './state/providers.js'
import type { PresetName } from './presets/names.js'
import type { MintJwtOptions, MintOpaqueOptions } from './mint.js'

/** A running test issuer, as the request helpers need it. */
export interface RegisteredTestIssuer {
  readonly endpoints: Readonly<Record<ProviderName, string>>
  /** Issuer names that are not URLs. */
  readonly names: Readonly<Record<ProviderName, readonly string[]>>
  readonly mintJwt: (options: MintJwtOptions) => string
  readonly mintOpaque: (options: MintOpaqueOptions) => string
  /** Presets by the `fetch` function of their options. */
  readonly presets: ReadonlyMap<unknown, PresetName>
}

/**
 * All test issuers of the process that are not closed, of all copies of the package. Increase the last number of the key
 * when {@link RegisteredTestIssuer} changes.
 */
export const runningIssuers = processWide(
  Symbol.for('m2m-guard@0/test-issuers/1'),
  () => new Set<RegisteredTestIssuer>(),
)

/** Returns the provider as which a test issuer serves an issuer of a verifier, if any. */
export function findProvider(candidate: Issuer, testIssuer: RegisteredTestIssuer): ProviderName | undefined {
  const names = [candidate.name, ...(candidate.jwt?.issuers ?? [])]
  const asked = candidate.remote?.endpoint
  return PROVIDERS.find((provider) => {
    const own = [testIssuer.endpoints[provider], ...testIssuer.names[provider]]
    if (names.some((name) => own.includes(name))) return true
    // The OAuth issuer's URL is a prefix of the others, so it is identified by its name only.
    return provider !== 'oauth' && asked?.startsWith(`${testIssuer.endpoints[provider]}/`) === true
  })
}
