import { secureAddress } from '../../options/url.js'

const DEFAULT_API = 'https://api.clerk.com'

/** The documented form of Clerk's paths has the version in front; an address that ends with it is taken as given. */
export function apiAddress(apiUrl: unknown): string {
  const address = secureAddress('clerk.apiUrl', apiUrl === undefined ? DEFAULT_API : apiUrl).replace(
    /\/$/,
    '',
  )
  return address.endsWith('/v1') ? address : `${address}/v1`
}
