import type { Issuer } from '../../model/issuer/issuer.js'
import { readOptions } from '../../options/read-options.js'
import { restricting, withDefault, type TableOf } from '../../options/reader.js'
import type { CommonIssuerOptions } from '../common-options.js'
import { baseUrl, names, requiredAudience } from './names.js'
import { createPreset, INSECURE_HOSTS, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { claimAmong } from './callers/rules.js'

/** Options of {@link gitlab}. */
export interface GitlabOptions extends PresetOptions, Pick<CommonIssuerOptions, 'insecureHosts'> {
  /**
   * Base URL of the GitLab server.
   *
   * @defaultValue `'https://gitlab.com'`
   */
  readonly url?: string
  /** Audience that jobs request for this API (`aud` of `id_tokens`). */
  readonly audience: string | readonly string[]
  /** Projects whose jobs may call, as `'group/project'`. Required, because everyone can obtain a token of GitLab.com. */
  readonly projects: string | readonly string[]
}

/** Readers of {@link GitlabOptions}. */
export const GITLAB_OPTIONS = {
  ...PRESET_OPTIONS,
  ...INSECURE_HOSTS,
  url: restricting(withDefault(baseUrl, 'https://gitlab.com')),
  audience: requiredAudience,
  projects: names(
    /^[\w.-]+(?:\/[\w.-]+)+$/,
    "a project with all its groups and without wildcards, such as 'acme/backend/orders'",
  ),
} satisfies TableOf<GitlabOptions>

/**
 * Creates the issuer of GitLab's ID tokens for CI/CD jobs. Only jobs of the named projects are accepted; all other callers,
 * people included, get 401 `claim_invalid`. `clientId` is the project. Restrict branches or environments with `claims`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [gitlab({ audience: 'https://deploy.internal', projects: ['acme/orders'], claims: { ref: 'main' } })],
 * })
 * ```
 */
export function gitlab(options: GitlabOptions): Issuer {
  const { url, audience, projects, claims } = readOptions('gitlab', options, GITLAB_OPTIONS)
  return createPreset({
    name: 'gitlab',
    given: options,
    claims,
    oauth: {
      issuer: url,
      anyCaller: true,
      audience,
      clientClaims: ['project_path'],
    },
    rule: claimAmong('project_path', 'projects', projects),
  })
}
