import { encodePathSegment } from '../../options/path-part.js'

/** Returns the base URL of a service in Authlete's API, without a trailing slash. `apiUrl` is a URL without a query. */
export function authleteServiceUrl(where: string, apiUrl: string, serviceId: string): string {
  const { origin, pathname } = new URL(apiUrl)
  const base = `${origin}${pathname.replace(/\/$/, '')}`
  return `${base}/api/${encodePathSegment(`${where}.serviceId`, serviceId)}`
}
