import { presentMember } from '../../model/claim-path.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import { quote } from '../../util/quote.js'
import { name, names } from './names.js'
import { createPreset, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { callerFailure, claimAmong, type CallerRule } from './callers/rules.js'

/** Options of {@link cognito}. There is no `audience`, because Cognito's access tokens have none. */
export interface CognitoOptions extends PresetOptions {
  /** AWS region of the user pool: `'eu-central-1'`. */
  readonly region: string
  /** Id of the user pool: `'eu-central-1_AbCdEfGhI'`. */
  readonly userPoolId: string
  /** Ids of the app clients that may call this API. Required, because no audience distinguishes tokens for other APIs. */
  readonly clients: string | readonly string[]
}

/** Readers of {@link CognitoOptions}. */
export const COGNITO_OPTIONS = {
  ...PRESET_OPTIONS,
  region: name(/^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/, "an AWS region, such as 'eu-central-1'"),
  userPoolId: name(/^[a-z0-9-]+_[A-Za-z0-9]+$/, "the id of a user pool, such as 'eu-central-1_AbCdEfGhI'"),
  clients: names(/^[\w+]+$/, "the id of an app client without wildcards, such as '7h3k0example1billing'"),
} satisfies TableOf<CognitoOptions>

/** Accepts the client credentials grant: the subject is the client, and no user is named. */
const isMachine: CallerRule = (claims) => {
  const use = presentMember(claims, 'token_use')
  if (use !== 'access') return callerFailure(`token_use is ${quote(use)}, not "access"`)
  if (presentMember(claims, 'username') !== undefined)
    return callerFailure('username is present: the token acts for a user')
  if (presentMember(claims, 'sub') === presentMember(claims, 'client_id')) return undefined
  return callerFailure('sub differs from client_id: the token acts for a user')
}

/**
 * Creates the issuer of an Amazon Cognito user pool. Only the app clients in `clients` are accepted, and only with the
 * client credentials grant; other callers get 401 `claim_invalid`. Scopes have the form `server/read`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_AbCdEfGhI', clients: ['7h3k0example'] })],
 * })
 * ```
 */
export function cognito(options: CognitoOptions): Issuer {
  const { region, userPoolId, clients, claims } = readOptions('cognito', options, COGNITO_OPTIONS)
  if (!userPoolId.startsWith(`${region}_`)) {
    throw new ConfigurationError(
      'cognito.userPoolId',
      `must begin with the region of cognito.region, '${region}_'`,
    )
  }
  const isListed = claimAmong('client_id', 'clients', clients)
  const suffix = region.startsWith('cn-') ? '.cn' : ''
  return createPreset({
    name: 'cognito',
    given: options,
    claims,
    oauth: {
      issuer: `https://cognito-idp.${region}.amazonaws.com${suffix}/${userPoolId}`,
      audience: null,
      scopeClaims: ['scope'],
    },
    rule: (token) => isMachine(token) ?? isListed(token),
  })
}
