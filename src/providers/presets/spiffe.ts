import type { Issuer } from '../../model/issuer/issuer.js'
import { EC_ALGORITHMS, RSA_ALGORITHMS } from '../../model/key/algorithms.js'
import { isVerificationFailure } from '../../model/refusal/refusal.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import { custom, optional, restricting, type TableOf } from '../../options/reader.js'
import { secureUrl } from '../../options/url.js'
import { readStaticJwks } from '../../keys/pem.js'
import type { CommonIssuerOptions } from '../common-options.js'
import { name, requiredAudience } from './names.js'
import { createPreset, INSECURE_HOSTS, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { hasSpiffeId, spiffeIds, type SpiffeIdMatch } from './callers/spiffe-id.js'

export type { SpiffeIdMatch }

/** Options of {@link spiffe}. Exactly one of `bundle` and `jwksUri` is required. */
export interface SpiffeOptions extends PresetOptions, Pick<CommonIssuerOptions, 'insecureHosts'> {
  /** Name of the trust domain, without `spiffe://`. Tokens are routed by it, because JWT-SVIDs need not have an `iss`. */
  readonly trustDomain: string
  /** Audience that callers request for this API. */
  readonly audience: string | readonly string[]
  /** SPIFFE ids that may call: complete ids, or `{ prefix }`. */
  readonly ids: SpiffeIdMatch | readonly SpiffeIdMatch[]
  /** Trust bundle of the domain as a JWK Set. No keys are fetched, so it must be replaced before SPIRE rotates its keys. */
  readonly bundle?: {
    /** Public keys as JWKs. Those of X.509-SVIDs are ignored. */
    readonly keys: readonly unknown[]
  }
  /** URL of the trust bundle (SPIFFE bundle endpoint, or the key set of SPIRE's OIDC discovery provider). It is refreshed. */
  readonly jwksUri?: string
}

/** Readers of {@link SpiffeOptions}. */
export const SPIFFE_OPTIONS = {
  ...PRESET_OPTIONS,
  ...INSECURE_HOSTS,
  trustDomain: name(
    /^[a-z0-9._-]{1,255}$/,
    "the name of a trust domain without spiffe://, such as 'prod.acme.internal'",
  ),
  audience: requiredAudience,
  ids: spiffeIds,
  bundle: restricting(optional(custom('JWK Set', readStaticJwks))),
  jwksUri: restricting(optional(secureUrl)),
} satisfies TableOf<SpiffeOptions>

/** Algorithms of JWT-SVIDs (SPIFFE JWT-SVID section 2.1). */
const ALGORITHMS = [...RSA_ALGORITHMS, ...EC_ALGORITHMS]

/**
 * Creates the issuer of the JWT-SVIDs of a SPIFFE trust domain. Only the named ids are accepted; other ids of the domain get
 * 401 `claim_invalid`. `AccessToken.issuer` is `spiffe://` with the trust domain, and `clientId` is the SPIFFE id.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [
 *     spiffe({
 *       trustDomain: 'prod.acme.internal',
 *       audience: 'orders',
 *       ids: ['spiffe://prod.acme.internal/ns/billing/sa/invoices'],
 *       jwksUri: 'https://bundles.acme.internal/prod',
 *     }),
 *   ],
 * })
 * ```
 */
export function spiffe(options: SpiffeOptions): Issuer {
  const settings = readOptions('spiffe', options, SPIFFE_OPTIONS)
  const { trustDomain, bundle, jwksUri } = settings
  if ((bundle === undefined) === (jwksUri === undefined)) {
    throw new ConfigurationError('spiffe', 'must have exactly one of bundle and jwksUri')
  }
  const domain = `spiffe://${trustDomain}`
  return createPreset({
    name: 'spiffe',
    given: options,
    claims: settings.claims,
    oauth: {
      issuer: domain,
      tokenTypes: ['JOSE'],
      audience: settings.audience,
      algorithms: ALGORITHMS,
      clientClaims: ['sub'],
      ...(bundle === undefined ? {} : { jwks: bundle }),
      ...(jwksUri === undefined ? {} : { jwksUri }),
    },
    rule: hasSpiffeId(domain, settings.ids),
    jwt: ({ readClaims }) => ({
      issuers: null,
      subjectPrefix: `${domain}/`,
      readClaims(claims, header) {
        const facts = readClaims(claims, header)
        // The `iss` is optional and not standardized, so that policies compare the trust domain.
        return isVerificationFailure(facts) ? facts : { ...facts, issuer: domain }
      },
    }),
  })
}
