import { presentMember } from '../../model/claim-path.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import { quote } from '../../util/quote.js'
import { audience } from '../common-options.js'
import { hostName, name } from './names.js'
import { createPreset, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { callerFailure, type CallerRule } from './callers/rules.js'

/** Options of {@link okta}. */
export interface OktaOptions extends PresetOptions {
  /** Host name of the organization, or its custom domain: `'acme.okta.com'`. */
  readonly domain: string
  /** Id of the custom authorization server: `'default'` or `'aus…'`. The organization's own server cannot be used. */
  readonly authorizationServer: string
  /** Audience of the authorization server: `'api://default'`. `null` disables the check. */
  readonly audience: string | readonly string[] | null
}

/** Readers of {@link OktaOptions}. */
export const OKTA_OPTIONS = {
  ...PRESET_OPTIONS,
  domain: hostName('acme.okta.com'),
  authorizationServer: name(
    /^[A-Za-z0-9]+$/,
    "the id of a custom authorization server, such as 'default' or 'aus9o8wzkhckw9TLa0h7'",
  ),
  audience,
} satisfies TableOf<OktaOptions>

/** Accepts the client credentials grant: the subject is the client, and no user is named. */
const isMachine: CallerRule = (claims) => {
  const client = presentMember(claims, 'cid')
  if (presentMember(claims, 'uid') !== undefined)
    return callerFailure('uid is present: the token acts for a user')
  if (client !== undefined && presentMember(claims, 'sub') === client) return undefined
  if (client === undefined) return callerFailure('cid is missing: the token is not an access token of Okta')
  return callerFailure(
    `sub ${quote(presentMember(claims, 'sub'))} differs from cid ${quote(client)}, as in a user's token`,
  )
}

/**
 * Creates the issuer of a custom authorization server of Okta. Tokens of people get 401 `claim_invalid`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [okta({ domain: 'acme.okta.com', authorizationServer: 'default', audience: 'api://default' })],
 * })
 * ```
 */
export function okta(options: OktaOptions): Issuer {
  const {
    domain,
    authorizationServer,
    audience: accepted,
    claims,
  } = readOptions('okta', options, OKTA_OPTIONS)
  return createPreset({
    name: 'okta',
    given: options,
    claims,
    oauth: {
      issuer: `https://${domain}/oauth2/${authorizationServer}`,
      audience: accepted,
      clientClaims: ['cid'],
      scopeClaims: ['scp'],
    },
    rule: isMachine,
  })
}
