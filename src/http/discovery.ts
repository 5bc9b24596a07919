import { isSecureAddress } from '../util/url.js'

/**
 * Where an issuer's document may stand, in the order to ask: OpenID Connect Discovery 1.0 section 4.1 appends the
 * well-known path to the issuer, RFC 8414 section 3.1 inserts it between host and path. Both first take a slash off
 * the issuer's end.
 */
export function discoveryAddresses(issuer: string): readonly [string, string] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/**
 * Whether a status may mean "not here", the one outcome after which the other address is worth a request: those of
 * RFC 9110 section 15.5 but for the two that speak of the moment and not of the place, of an issuer that is busy or of
 * a request that came too slowly.
 */
export function isNotFound(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429
}

/** Whether an address that an issuer's document names (RFC 8414 section 2) may be asked, and trusted with secrets. */
export function isUsableEndpoint(issuer: string, address: string): boolean {
  return isSecureAddress(address) && !leavesTls(issuer, address)
}

/** Loopback without TLS is for issuers that are there themselves: no other may send us to our own machine's ports. */
function leavesTls(issuer: string, address: string): boolean {
  return new URL(issuer).protocol === 'https:' && new URL(address).protocol !== 'https:'
}
