import { encodePathSegment } from '../../options/path-part.js'

/** The base URL of one service in Authlete's API, without a slash at the end. `apiUrl` is a URL without a query. */
export function authleteServiceUrl(where: string, apiUrl: string, serviceId: string): string {
  const { origin, pathname } = new URL(apiUrl)
  const base = `${origin}${pathname.replace(/\/$/, '')}`
  return `${base}/api/${encodePathSegment(`${where}.serviceId`, serviceId)}`
}
