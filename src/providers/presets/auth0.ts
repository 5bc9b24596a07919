import { presentMember } from '../../model/claim-path.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import { quote } from '../../util/quote.js'
import { audience } from '../common-options.js'
import { hostName } from './names.js'
import { createPreset, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { callerFailure, type CallerRule } from './callers/rules.js'

/** Options of {@link auth0}. */
export interface Auth0Options extends PresetOptions {
  /** Host name of the tenant, or its custom domain if callers request tokens there: `'acme.eu.auth0.com'`. */
  readonly domain: string
  /** Identifier of the API in Auth0. `null` disables the check, so that tokens for every API of the tenant are accepted. */
  readonly audience: string | readonly string[] | null
}

/** Readers of {@link Auth0Options}. */
export const AUTH0_OPTIONS = {
  ...PRESET_OPTIONS,
  domain: hostName('acme.eu.auth0.com'),
  audience,
} satisfies TableOf<Auth0Options>

/** Accepts the client credentials grant: `gty`, or an RFC 9068 token whose subject is the client. */
const isMachine: CallerRule = (claims) => {
  const grant = presentMember(claims, 'gty')
  if (grant === 'client-credentials') return undefined
  if (grant !== undefined) return callerFailure(`gty is ${quote(grant)}, not "client-credentials"`)
  const client = presentMember(claims, 'client_id')
  const subject = presentMember(claims, 'sub')
  if (typeof client === 'string' && (subject === client || subject === `${client}@clients`)) return undefined
  if (client === undefined) {
    const party = quote(presentMember(claims, 'azp'))
    return callerFailure(`gty is missing, and so is client_id; sub is ${quote(subject)}, and azp is ${party}`)
  }
  return callerFailure(`gty is missing, and sub ${quote(subject)} is not that of the client ${quote(client)}`)
}

/**
 * Creates the issuer of an Auth0 tenant. Tokens of people get 401 `claim_invalid`. Scopes are `scope` and `permissions`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [auth0({ domain: 'acme.eu.auth0.com', audience: 'https://orders.internal' })],
 * })
 * ```
 */
export function auth0(options: Auth0Options): Issuer {
  const { domain, audience: accepted, claims } = readOptions('auth0', options, AUTH0_OPTIONS)
  return createPreset({
    name: 'auth0',
    given: options,
    claims,
    oauth: { issuer: `https://${domain}/`, audience: accepted, scopeClaims: ['scope', 'permissions'] },
    rule: isMachine,
  })
}
