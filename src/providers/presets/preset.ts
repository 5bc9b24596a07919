import type { Claims } from '../../model/claims.js'
import type { Issuer, JwtProfile } from '../../model/issuer.js'
import { isVerificationFailure, type VerificationFailure } from '../../model/refusal.js'
import { allRestricting, optionals, type Table, type TableOf } from '../../options/reader.js'
import { commonOptions, type CommonIssuerOptions } from '../common-options.js'
import { oauth } from '../oauth.js'
import type { OAuthOptions } from '../oauth-options.js'

/** Names of the options that every preset passes on. None of them can accept a caller that the preset refuses. */
const PASSED = ['algorithms', 'claims', 'fetch', 'keys', 'scopeClaims', 'scopeMatching'] as const

/** Options of every preset. They narrow what is accepted, or say how keys are fetched and scopes are read. */
export type PresetOptions = Pick<CommonIssuerOptions, (typeof PASSED)[number]>

const { algorithms, claims, fetch, keys, scopeClaims, scopeMatching } = commonOptions()

/** Readers of {@link PresetOptions}. */
export const PRESET_OPTIONS = {
  ...withoutDefaults({ algorithms, claims, keys, scopeClaims, scopeMatching }),
  fetch,
} satisfies TableOf<PresetOptions>

/** The values are passed on as they were given, so the defaults are those of each preset. */
function withoutDefaults<T extends Table>(table: T): ReturnType<typeof optionals<T>> {
  return allRestricting(optionals(table))
}

/** Returns why the caller of a token is not accepted: it is a person, or a machine that the options do not name. */
export type CallerRule = (claims: Claims) => VerificationFailure | undefined

/** What a preset adds to {@link oauth}. */
interface Preset {
  /** Name of the preset, also `AccessToken.provider`. */
  readonly name: string
  /** Options as the application gave them. They have been checked. */
  readonly given: PresetOptions
  /** Options of `oauth` that the preset sets. Options of the application replace its defaults. */
  readonly oauth: OAuthOptions
  readonly rule: CallerRule
  /** Properties of the JWT profile that the preset replaces. */
  readonly jwt?: (profile: JwtProfile) => Partial<JwtProfile>
}

/** Creates the issuer of a preset: the issuer of `oauth`, whose tokens must also satisfy the rule about callers. */
export function createPreset({ name, given, oauth: own, rule, jwt }: Preset): Issuer {
  const issuer = oauth({ ...own, ...passedOn(given) })
  const base = issuer.jwt
  if (base === undefined) return issuer
  const profile: JwtProfile = { ...base, ...jwt?.(base) }
  return Object.freeze({
    ...issuer,
    provider: name,
    jwt: {
      ...profile,
      readClaims: (token: Claims, header: Claims) => {
        const facts = profile.readClaims(token, header)
        return isVerificationFailure(facts) ? facts : (rule(token) ?? facts)
      },
    },
  })
}

function passedOn(given: PresetOptions): PresetOptions {
  const names = PASSED.filter((name) => Object.hasOwn(given, name) && given[name] !== undefined)
  return Object.fromEntries(names.map((name) => [name, given[name]]))
}
