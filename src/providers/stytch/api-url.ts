import { custom, optional, type Result, type TableOf } from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { secureUrl } from '../../options/url.js'

/** Options that locate a Stytch project. */
export interface StytchAddressOptions {
  /** Id of the project: `project-live-…` or `project-test-…`. */
  readonly projectId: string
  /**
   * Base URL of Stytch's API. https, or http on loopback.
   *
   * @defaultValue `https://api.stytch.com` for a `project-live-…`, otherwise `https://test.stytch.com`
   */
  readonly apiUrl?: string
  /** Custom domain of the project, used in place of `apiUrl`. `https://` may be left out. */
  readonly customDomain?: string
}

/** Reads a domain with or without `https://`, because domains are usually written without it. */
const domain = custom({ ...secureUrl.describe, type: 'string' }, (option, value, siblings) =>
  secureUrl.read(
    option,
    typeof value === 'string' && !value.includes('://') ? `https://${value}` : value,
    siblings,
  ),
)

/** Readers of {@link StytchAddressOptions}. */
export const STYTCH_ADDRESS_OPTIONS = {
  projectId: nonEmptyString,
  apiUrl: optional(secureUrl),
  customDomain: optional(domain),
} satisfies TableOf<StytchAddressOptions>

/** Returns the base URL of a Stytch project's API, without a trailing slash. */
export function stytchApiUrl({
  projectId,
  apiUrl,
  customDomain,
}: Result<typeof STYTCH_ADDRESS_OPTIONS>): string {
  const defaultUrl = projectId.startsWith('project-live-')
    ? 'https://api.stytch.com'
    : 'https://test.stytch.com'
  return (customDomain ?? apiUrl ?? defaultUrl).replace(/\/$/, '')
}
