import { mapped, withDefault, type Reader } from '../../options/reader.js'
import { secureUrl } from '../../options/url.js'

/** The Backend API version whose responses the library reads; an instance may default to an older one. */
export const CLERK_API_VERSION = '2026-05-12'

/**
 * Reads the `apiUrl` option of Clerk: the base URL of its Backend API, with `/v1` at the end. Clerk documents its paths
 * with the version in front, so a URL that already ends with it is used unchanged.
 */
export const clerkApiUrl: Reader<string> = mapped(withDefault(secureUrl, 'https://api.clerk.com'), (url) => {
  const base = url.replace(/\/$/, '')
  return base.endsWith('/v1') ? base : `${base}/v1`
})
