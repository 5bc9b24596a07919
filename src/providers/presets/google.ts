import { presentMember } from '../../model/claim-path.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import { quote } from '../../util/quote.js'
import { names, requiredAudience } from './names.js'
import { createPreset, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { callerFailure, claimAmong } from './callers/rules.js'

/** Options of {@link google}. */
export interface GoogleOptions extends PresetOptions {
  /** Audience that callers request for this API, such as its URL. */
  readonly audience: string | readonly string[]
  /** E-mail addresses of the service accounts that may call. Required, because everyone can obtain a token of Google. */
  readonly serviceAccounts: string | readonly string[]
}

/** Readers of {@link GoogleOptions}. */
export const GOOGLE_OPTIONS = {
  ...PRESET_OPTIONS,
  audience: requiredAudience,
  // People cannot have an address in this domain, so that no entry names a person.
  serviceAccounts: names(
    /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?@(?:[a-z0-9-]+\.)*gserviceaccount\.com$/,
    "the e-mail address of a service account in lower case and without wildcards, such as 'billing@acme.iam.gserviceaccount.com'",
  ),
} satisfies TableOf<GoogleOptions>

/**
 * Creates the issuer of the ID tokens of Google's service accounts, as used between Cloud Run services. Only the named
 * service accounts are accepted; all other callers get 401 `claim_invalid`. `clientId` is the e-mail address.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [
 *     google({ audience: 'https://orders.internal', serviceAccounts: ['billing@acme.iam.gserviceaccount.com'] }),
 *   ],
 * })
 * ```
 */
export function google(options: GoogleOptions): Issuer {
  const { audience, serviceAccounts, claims } = readOptions('google', options, GOOGLE_OPTIONS)
  const isListed = claimAmong('email', 'serviceAccounts', serviceAccounts)
  return createPreset({
    name: 'google',
    given: options,
    claims,
    oauth: {
      issuer: 'https://accounts.google.com',
      audience,
      algorithms: ['RS256'],
      anyCaller: true,
      clientClaims: ['email'],
    },
    rule: (token) => {
      const isVerified = presentMember(token, 'email_verified')
      if (isVerified === true) return isListed(token)
      return callerFailure(`email_verified is ${quote(isVerified)}, not true`)
    },
    // Google documents both forms.
    jwt: () => ({ issuers: ['https://accounts.google.com', 'accounts.google.com'] }),
  })
}
