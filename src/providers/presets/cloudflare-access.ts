import type { Claims } from '../../model/claims.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import { isVerificationFailure } from '../../model/refusal/refusal.js'
import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import { names, name, requiredAudience } from './names.js'
import { createPreset, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { callerFailure, claimAmong, presentClaim } from './callers/rules.js'

/** Options of {@link cloudflareAccess}. */
export interface CloudflareAccessOptions extends PresetOptions {
  /** Name of the team: `'acme'` for `acme.cloudflareaccess.com`. */
  readonly team: string
  /** Application audience (AUD) tag of the Access application. */
  readonly audience: string | readonly string[]
  /** Client ids of the service tokens that may call: `'….access'`. */
  readonly serviceTokens: string | readonly string[]
}

/** Readers of {@link CloudflareAccessOptions}. */
export const CLOUDFLARE_ACCESS_OPTIONS = {
  ...PRESET_OPTIONS,
  team: name(
    /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
    "the name of the team, such as 'acme' for acme.cloudflareaccess.com",
  ),
  audience: requiredAudience,
  serviceTokens: names(
    /^[\w-]+\.access$/,
    "the client id of a service token, such as '88bf3b6d86161464f6509f7219099e57.access'",
  ),
} satisfies TableOf<CloudflareAccessOptions>

/** The `sub` of a service token is empty, which the reader of other issuers refuses. */
function withoutEmptySubject(claims: Claims): Claims {
  return claims['sub'] === '' ? { ...claims, sub: undefined } : claims
}

/**
 * Creates the issuer of a Cloudflare Access team. Only the named service tokens are accepted; people and other service
 * tokens get 401 `claim_invalid`. `clientId` and `subject` are the client id of the service token.
 *
 * Cloudflare sends the token in `Cf-Access-Jwt-Assertion`. Set the option `header` of the guard.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const issuer = cloudflareAccess({
 *   team: 'acme',
 *   audience: process.env.ACCESS_AUD!,
 *   serviceTokens: ['88bf3b6d86161464f6509f7219099e57.access'],
 * })
 * app.use(guard(createVerifier({ issuers: [issuer] }), {}, { header: 'cf-access-jwt-assertion' }))
 * ```
 */
export function cloudflareAccess(options: CloudflareAccessOptions): Issuer {
  const { team, audience, serviceTokens, claims } = readOptions(
    'cloudflareAccess',
    options,
    CLOUDFLARE_ACCESS_OPTIONS,
  )
  const issuer = `https://${team}.cloudflareaccess.com`
  const isListed = claimAmong('common_name', 'serviceTokens', serviceTokens)
  return createPreset({
    name: 'cloudflareAccess',
    given: options,
    claims,
    oauth: { issuer, audience, jwksUri: `${issuer}/cdn-cgi/access/certs`, clientClaims: ['common_name'] },
    rule(claims) {
      const personal = presentClaim(claims, ['email', 'identity_nonce'])
      return personal === undefined
        ? isListed(claims)
        : callerFailure(`${personal} is present: the token is that of a person`)
    },
    jwt: ({ readClaims }) => ({
      readClaims(claims, header) {
        const facts = readClaims(withoutEmptySubject(claims), header)
        return isVerificationFailure(facts) ? facts : { ...facts, claims }
      },
    }),
  })
}
