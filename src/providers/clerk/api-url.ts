import { mapped, withDefault, type Reader } from '../../options/reader.js'
import { secureUrl } from '../../options/url.js'

/**
 * Reads the `apiUrl` option of Clerk: the base URL of its API. Clerk's documented paths start with the version, which
 * is added unless the URL ends with it.
 */
export const clerkApiUrl: Reader<string> = mapped(withDefault(secureUrl, 'https://api.clerk.com'), (url) => {
  const base = url.replace(/\/$/, '')
  return base.endsWith('/v1') ? base : `${base}/v1`
})
