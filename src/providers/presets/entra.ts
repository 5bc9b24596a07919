import { presentMember } from '../../model/claim-path.js'
import type { Issuer } from '../../model/issuer.js'
import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import { quote } from '../../util/quote.js'
import { audience } from '../common-options.js'
import { names } from './names.js'
import { createPreset, PRESET_OPTIONS, type CallerRule, type PresetOptions } from './preset.js'
import { callerFailure, presentClaim } from './rules.js'

/** Options of {@link entra}. */
export interface EntraOptions extends PresetOptions {
  /** Ids (GUIDs) of the accepted tenants. Tokens of all other tenants get 401 `issuer_unknown`. */
  readonly tenant: string | readonly string[]
  /** Audiences of this API: its application id (v2 tokens), and its application id URI `api://…` (v1 tokens). */
  readonly audience: string | readonly string[] | null
}

/** Readers of {@link EntraOptions}. */
export const ENTRA_OPTIONS = {
  ...PRESET_OPTIONS,
  tenant: names(
    /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    "the id of a tenant in lower case, such as '72f988bf-86f1-41af-91ab-2d7cd011db47'. Tokens do not contain its domain",
  ),
  audience,
} satisfies TableOf<EntraOptions>

/** Claims of people in ID tokens, which have neither `idtyp` nor `scp`, and may have the same `aud`. */
const PERSONAL_CLAIMS = [
  'scp',
  'preferred_username',
  'upn',
  'unique_name',
  'name',
  'email',
  'given_name',
  'family_name',
]

/** Accepts app-only tokens: `idtyp` is `app`, or the optional claim `idtyp` is absent and nothing marks a person. */
const isApp: CallerRule = (claims) => {
  const type = presentMember(claims, 'idtyp')
  if (type === 'app') return undefined
  if (type !== undefined) return callerFailure(`idtyp is ${quote(type)}, not "app"`)
  const personal = presentClaim(claims, PERSONAL_CLAIMS)
  if (personal !== undefined)
    return callerFailure(`idtyp is missing, and ${personal} marks the token of a person`)
  if (presentClaim(claims, ['azp', 'appid']) === undefined) {
    return callerFailure('idtyp, azp and appid are missing: this is not an access token of an app')
  }
  const object = presentMember(claims, 'oid')
  if (object === undefined || object === presentMember(claims, 'sub')) return undefined
  return callerFailure('idtyp is missing, and oid differs from sub, as in the token of a person')
}

/**
 * Creates the issuer of tenants of Microsoft Entra ID, for v1 and v2 tokens. Only app-only tokens are accepted; tokens of
 * people get 401 `claim_invalid`. Scopes are the app roles in `roles`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [entra({ tenant: '72f988bf-86f1-41af-91ab-2d7cd011db47', audience: ['api://orders', process.env.APP_ID!] })],
 * })
 * ```
 */
export function entra(options: EntraOptions): Issuer {
  const { tenant: tenants, audience: accepted, claims } = readOptions('entra', options, ENTRA_OPTIONS)
  const [first = '', ...others] = tenants
  const login = 'https://login.microsoftonline.com'
  // One set serves v1 and v2. The set of `organizations` is that of all tenants, without the keys of personal accounts.
  const keysOf = others.length === 0 ? first : 'organizations'
  return createPreset({
    name: 'entra',
    given: options,
    claims,
    oauth: {
      issuer: `${login}/${first}/v2.0`,
      audience: accepted,
      jwksUri: `${login}/${keysOf}/discovery/v2.0/keys`,
      clientClaims: ['azp', 'appid'],
      scopeClaims: ['roles'],
    },
    rule: isApp,
    jwt: () => ({
      issuers: tenants.flatMap((id) => [`${login}/${id}/v2.0`, `https://sts.windows.net/${id}/`]),
    }),
  })
}
