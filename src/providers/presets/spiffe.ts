import { presentMember } from '../../model/claim-path.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import { isVerificationFailure } from '../../model/refusal/refusal.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import { custom, optional, restricting, type TableOf } from '../../options/reader.js'
import { secureUrl } from '../../options/url.js'
import { isRecord } from '../../util/members.js'
import { readStaticJwks } from '../../keys/pem.js'
import { quote } from '../../util/quote.js'
import type { CommonIssuerOptions } from '../common-options.js'
import { name, requiredAudience } from './names.js'
import { createPreset, INSECURE_HOSTS, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { callerFailure } from './rules.js'

/** SPIFFE id, or all ids below a path. */
export type SpiffeIdMatch =
  | string
  | {
      /** Beginning of the accepted ids, which ends with a slash: `'spiffe://prod.acme.internal/ns/billing/'`. */
      readonly prefix: string
    }

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

/** Matches the path of a SPIFFE id (SPIFFE ID section 2.2). */
const PATH = /^(?:\/[\w.-]+)+$/
const PATH_PREFIX = /^(?:\/[\w.-]+)*\/$/
/** Matches a path segment that a reader of paths would resolve. */
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/

/** Reads the `ids` option, relative to the trust domain. */
const ids = custom<readonly SpiffeIdMatch[]>(
  { type: 'list of strings or { prefix }', bounds: 'at least one' },
  (option, value, siblings) => {
    const domain = `spiffe://${String(siblings?.['trustDomain'])}`
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (value === undefined || list.length === 0)
      throw new ConfigurationError(option, 'must name at least one SPIFFE id')
    return list.map((item): SpiffeIdMatch => {
      const prefix = isRecord(item) && Object.keys(item).join() === 'prefix' ? item['prefix'] : undefined
      const given = prefix ?? item
      const pattern = prefix === undefined ? PATH : PATH_PREFIX
      if (
        typeof given === 'string' &&
        given.startsWith(`${domain}/`) &&
        !DOT_SEGMENT.test(given) &&
        pattern.test(given.slice(domain.length))
      ) {
        return prefix === undefined ? given : { prefix: given }
      }
      throw new ConfigurationError(
        option,
        `must name ids of the trust domain, without wildcards and without the segments . and ..: ` +
          `'${domain}/ns/billing/sa/invoices', or { prefix: '${domain}/ns/billing/' }`,
      )
    })
  },
)

/** Readers of {@link SpiffeOptions}. */
export const SPIFFE_OPTIONS = {
  ...PRESET_OPTIONS,
  ...INSECURE_HOSTS,
  trustDomain: name(
    /^[a-z0-9._-]{1,255}$/,
    "the name of a trust domain without spiffe://, such as 'prod.acme.internal'",
  ),
  audience: requiredAudience,
  ids,
  bundle: restricting(optional(custom('JWK Set', readStaticJwks))),
  jwksUri: restricting(optional(secureUrl)),
} satisfies TableOf<SpiffeOptions>

/** Algorithms of JWT-SVIDs (SPIFFE JWT-SVID section 2.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']

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
    rule(claims) {
      const id = presentMember(claims, 'sub')
      if (typeof id === 'string' && !isSpiffePath(id.slice(domain.length)))
        return callerFailure(`sub is ${quote(id)}, which is not a SPIFFE id`)
      if (typeof id === 'string' && settings.ids.some((match) => matches(match, id))) return undefined
      return callerFailure(`sub is ${quote(id)}, which ids does not list`)
    },
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

function matches(match: SpiffeIdMatch, id: string): boolean {
  return typeof match === 'string' ? id === match : id.startsWith(match.prefix)
}

/** Whether the part of an id after the trust domain has the form that the SPIFFE specification requires. */
function isSpiffePath(path: string): boolean {
  return PATH.test(path) && !DOT_SEGMENT.test(path)
}
