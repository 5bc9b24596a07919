import { custom, optional, type Result, type TableOf } from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { secureUrl } from '../../options/url.js'

/** Where a Stytch project is. */
export interface StytchAddressOptions {
  /** The project's id: `project-live-…` or `project-test-…`. */
  readonly projectId: string
  /** Stytch's API. Default by project id: `https://api.stytch.com` for live projects, else `https://test.stytch.com`. */
  readonly apiUrl?: string
  /** The project's custom domain, in place of Stytch's. */
  readonly customDomain?: string
}

/** People write a domain without `https://`. */
const domain = custom({ ...secureUrl.describe, type: 'string' }, (option, value) =>
  secureUrl.read(option, typeof value === 'string' && !value.includes('://') ? `https://${value}` : value),
)

/** The options that say where a Stytch project is. */
export const STYTCH_ADDRESS_OPTIONS = {
  projectId: nonEmptyString,
  apiUrl: optional(secureUrl),
  customDomain: optional(domain),
} satisfies TableOf<StytchAddressOptions>

/** The base URL of a Stytch project's API, without a slash at the end. */
export function stytchApiUrl({
  projectId,
  apiUrl,
  customDomain,
}: Result<typeof STYTCH_ADDRESS_OPTIONS>): string {
  const standard = projectId.startsWith('project-live-')
    ? 'https://api.stytch.com'
    : 'https://test.stytch.com'
  return (customDomain ?? apiUrl ?? standard).replace(/\/$/, '')
}
