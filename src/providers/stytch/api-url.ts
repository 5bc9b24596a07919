import { secureAddress } from '../../options/url.js'

/** Where a Stytch project is. */
export interface StytchAddressOptions {
  /** The project's id: `project-live-…` or `project-test-…`. */
  readonly projectId: string
  /** Stytch's API. Default by project id: `https://api.stytch.com` for live projects, else `https://test.stytch.com`. */
  readonly apiUrl?: string
  /** The project's custom domain, in place of Stytch's. */
  readonly customDomain?: string
}

/** The base address of a Stytch project's API, without a slash at the end. */
export function stytchAddress(where: string, options: StytchAddressOptions): string {
  const standard = options.projectId.startsWith('project-live-')
    ? 'https://api.stytch.com'
    : 'https://test.stytch.com'
  const { apiUrl = standard, customDomain } = options
  const address =
    customDomain === undefined
      ? secureAddress(`${where}.apiUrl`, apiUrl)
      : secureAddress(`${where}.customDomain`, withScheme(customDomain))
  return address.replace(/\/$/, '')
}

/** A domain is how people say it; `https://` is what it means. */
function withScheme(domain: unknown): unknown {
  return typeof domain === 'string' && !domain.includes('://') ? `https://${domain}` : domain
}
