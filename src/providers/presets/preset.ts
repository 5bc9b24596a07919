import type { ClaimRule } from '../../model/claim-rule.js'
import type { Claims } from '../../model/claims.js'
import type { Issuer, JwtProfile } from '../../model/issuer/issuer.js'
import { isVerificationFailure } from '../../model/refusal/refusal.js'
import { allRestricting, optionals, type Table, type TableOf } from '../../options/reader.js'
import { withClaimRules } from '../claim-rules.js'
import { commonOptions, type CommonIssuerOptions } from '../common-options.js'
import { oauth } from '../oauth.js'
import type { OAuthOptions } from '../oauth-options.js'
import type { CallerRule } from './callers/rules.js'

/** Names of the options that presets pass on to `oauth`. None of them can accept a caller that the preset refuses. */
const PASSED = ['algorithms', 'fetch', 'insecureHosts', 'keys', 'scopeClaims', 'scopeMatching'] as const

/** Options of every preset. They narrow what is accepted, or say how keys are fetched and scopes are read. */
export type PresetOptions = Pick<
  CommonIssuerOptions,
  'algorithms' | 'claims' | 'fetch' | 'keys' | 'scopeClaims' | 'scopeMatching'
>

const { algorithms, claims, fetch, insecureHosts, keys, scopeClaims, scopeMatching } = commonOptions()

/** Readers of {@link PresetOptions}. */
export const PRESET_OPTIONS = {
  ...withoutDefaults({ algorithms, keys, scopeClaims, scopeMatching }),
  claims,
  fetch,
} satisfies TableOf<PresetOptions>

/** Option of the presets whose servers may run in the application's network. Before options with a URL. */
export const INSECURE_HOSTS = { insecureHosts }

/** The values are passed on as they were given, so the defaults are those of each preset. */
function withoutDefaults<T extends Table>(table: T): ReturnType<typeof optionals<T>> {
  return allRestricting(optionals(table))
}

/** What a preset adds to {@link oauth}. */
interface Preset {
  /** Name of the preset, also `AccessToken.provider`. */
  readonly name: string
  /** Options as the application gave them. They have been checked. */
  readonly given: PresetOptions
  /** The rule in the option `claims`, which applies besides that of the preset. */
  readonly claims: readonly ClaimRule[] | undefined
  /** Options of `oauth` that the preset sets. Options of the application replace its defaults. */
  readonly oauth: OAuthOptions
  readonly rule: CallerRule
  /** Converts the subject to the client id, where no claim has the form of the option that names callers. */
  readonly clientOf?: (subject: string) => string
  /** Properties of the JWT profile that the preset replaces. For an issuer with tenants, that of each tenant. */
  readonly jwt?: (profile: JwtProfile, tenant: string | undefined) => Partial<JwtProfile>
  /** Further templates of `iss` of an issuer with tenants. */
  readonly templates?: readonly string[]
}

/** Creates the issuer of a preset: the issuer of `oauth`, whose tokens must also satisfy the rule about callers. */
export function createPreset(preset: Preset): Issuer {
  const issuer = oauth({ ...preset.oauth, ...passedOn(preset.given) })
  const { tenants } = issuer
  if (tenants === undefined) return applyRule(preset, issuer)
  return Object.freeze({
    ...applyRule(preset, issuer),
    tenants: {
      ...tenants,
      ...(preset.templates && { templates: preset.templates }),
      describe: (tenant: string) => applyRule(preset, tenants.describe(tenant), tenant),
    },
  })
}

function applyRule(
  { name, claims: rules, rule, clientOf, jwt }: Preset,
  issuer: Issuer,
  tenant?: string,
): Issuer {
  const base = issuer.jwt
  if (base === undefined) return issuer
  const profile: JwtProfile = { ...base, ...jwt?.(base, tenant) }
  return withClaimRules(rules, {
    ...issuer,
    provider: name,
    jwt: {
      ...profile,
      readClaims: (token: Claims, header: Claims) => {
        const facts = profile.readClaims(token, header)
        if (isVerificationFailure(facts)) return facts
        const failure = rule(token)
        if (failure !== undefined || clientOf === undefined) return failure ?? facts
        return { ...facts, clientId: clientOf(facts.subject) }
      },
    },
  })
}

function passedOn(given: Partial<OAuthOptions>): Partial<OAuthOptions> {
  const names = PASSED.filter((name) => Object.hasOwn(given, name) && given[name] !== undefined)
  return Object.fromEntries(names.map((name) => [name, given[name]]))
}
