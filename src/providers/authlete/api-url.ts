import { ConfigurationError } from '../../options/configuration-error.js'
import { encodePathSegment } from '../../options/path-part.js'
import { secureAddress } from '../../options/url.js'

/** The base URL of one service in Authlete's API, without a slash at the end. */
export function authleteServiceUrl(where: string, apiUrl: unknown, serviceId: string): string {
  const address = new URL(secureAddress(`${where}.apiUrl`, apiUrl))
  if (address.search !== '') throw new ConfigurationError(`${where}.apiUrl`, 'must not have a query')
  const base = `${address.origin}${address.pathname.replace(/\/$/, '')}`
  return `${base}/api/${encodePathSegment(`${where}.serviceId`, serviceId)}`
}
