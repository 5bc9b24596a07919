import { mapped, withDefault, type Reader } from '../../options/reader.js'
import { secureUrl } from '../../options/url.js'

/** Version of the Backend API whose responses this package reads, because an instance may default to another version. */
export const CLERK_API_VERSION = '2026-05-12'

/**
 * Reads Clerk's `apiUrl` option and appends `/v1`. A URL that already ends with `/v1` is used unchanged, because Clerk
 * documents its paths with the version.
 */
export const clerkApiUrl: Reader<string> = mapped(withDefault(secureUrl, 'https://api.clerk.com'), (url) => {
  const base = url.replace(/\/$/, '')
  return base.endsWith('/v1') ? base : `${base}/v1`
})
