import type { Issuer } from '../../model/issuer/issuer.js'
import { readOptions } from '../../options/read-options.js'
import { optional, restricting, type TableOf } from '../../options/reader.js'
import type { CommonIssuerOptions } from '../common-options.js'
import { baseUrl, names, requiredAudience } from './names.js'
import { createPreset, INSECURE_HOSTS, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { claimAmong } from './callers/rules.js'

/** Options of {@link githubActions}. */
export interface GithubActionsOptions extends PresetOptions, Pick<CommonIssuerOptions, 'insecureHosts'> {
  /** Audience that workflows request for this API. */
  readonly audience: string | readonly string[]
  /** Repositories whose workflows may call, as `'owner/name'`. Required, because everyone can obtain a token of GitHub. */
  readonly repositories: string | readonly string[]
  /**
   * Issuer of an enterprise: `https://token.actions.githubusercontent.com/<enterprise>`, or
   * `https://<host>/_services/token` of GitHub Enterprise Server.
   *
   * @defaultValue `https://token.actions.githubusercontent.com`
   */
  readonly issuer?: string
}

/** Readers of {@link GithubActionsOptions}. */
export const GITHUB_ACTIONS_OPTIONS = {
  ...PRESET_OPTIONS,
  ...INSECURE_HOSTS,
  audience: requiredAudience,
  repositories: names(
    /^[\w.-]+\/[\w.-]+$/,
    "a repository with its owner and without wildcards, such as 'acme/orders'",
  ),
  issuer: restricting(optional(baseUrl)),
} satisfies TableOf<GithubActionsOptions>

/**
 * Creates the issuer of GitHub Actions' ID tokens. Only workflows of the named repositories are accepted; all others get
 * 401 `claim_invalid`. `clientId` is the repository. Restrict branches or environments with `claims`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [
 *     githubActions({
 *       audience: 'https://deploy.internal',
 *       repositories: ['acme/orders'],
 *       claims: { environment: 'production' },
 *     }),
 *   ],
 * })
 * ```
 */
export function githubActions(options: GithubActionsOptions): Issuer {
  const settings = readOptions('githubActions', options, GITHUB_ACTIONS_OPTIONS)
  return createPreset({
    name: 'githubActions',
    given: options,
    claims: settings.claims,
    oauth: {
      issuer: settings.issuer ?? 'https://token.actions.githubusercontent.com',
      audience: settings.audience,
      algorithms: ['RS256'],
      anyCaller: true,
      clientClaims: ['repository'],
    },
    rule: claimAmong('repository', 'repositories', settings.repositories),
  })
}
