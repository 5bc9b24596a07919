import { secureAddress } from '../../options/url.js'

/** The Backend API version whose responses the library reads; an instance may default to an older one. */
export const CLERK_API_VERSION = '2026-05-12'

const DEFAULT_API = 'https://api.clerk.com'

/**
 * The base URL of Clerk's Backend API, with `/v1` at the end. Clerk documents its paths with the version in front, so
 * an address that already ends with it is used unchanged.
 */
export function clerkApiUrl(option: string, apiUrl: unknown): string {
  const address = secureAddress(option, apiUrl === undefined ? DEFAULT_API : apiUrl).replace(/\/$/, '')
  return address.endsWith('/v1') ? address : `${address}/v1`
}
