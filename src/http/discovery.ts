import { isRecord, ownMember, string, type UntrustedObject } from '../util/members.js'
import { timers } from '../util/timers.js'
import { isSecureAddress } from '../util/url.js'

/** How the metadata of an issuer is fetched. */
export interface DiscoveryRequests<T> {
  /**
   * Fetches a document; `spent` is how many seconds earlier addresses took. An error with the `status` of a response
   * that means "not found" leads to the next address.
   */
  readonly get: (address: string, spent: number) => Promise<T>
  /** The metadata in what was fetched. */
  readonly metadataOf: (fetched: T) => unknown
  /** Creates the error for a document that is not that of the issuer, or is not a JSON object at all. */
  readonly unusable: (problem: 'not-an-object' | 'other-issuer', address: string) => Error
}

/**
 * Fetches the metadata of an issuer from where OpenID Connect Discovery places it, or else from where RFC 8414 does, and
 * checks that it is the issuer's own.
 *
 * @throws What `get` throws, and what `unusable` creates.
 */
export async function discover<T>(
  issuer: string,
  { get, metadataOf, unusable }: DiscoveryRequests<T>,
): Promise<{ readonly fetched: T; readonly metadata: UntrustedObject }> {
  const [first, second] = discoveryAddresses(issuer)
  const started = timers.elapsed()
  let address = first
  const fetched = await get(first, 0).catch((error: unknown) => {
    if (!isNotFound(statusOf(error))) throw error
    address = second
    return get(second, timers.elapsed() - started)
  })
  const metadata = metadataOf(fetched)
  if (!isRecord(metadata)) throw unusable('not-an-object', address)
  // RFC 8414 section 3.3: a document of another issuer would send tokens and credentials to that one.
  if (ownMember(metadata, 'issuer') !== issuer) throw unusable('other-issuer', address)
  return { fetched, metadata }
}

/**
 * Where an issuer's document may be, in the order of the requests: OpenID Connect Discovery 1.0 section 4.1 appends the
 * well-known path to the issuer, RFC 8414 section 3.1 inserts it between host and path. Both first remove a slash at the
 * issuer's end.
 */
function discoveryAddresses(issuer: string): readonly [string, string] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/**
 * Whether a status may mean "not here", the one outcome after which the other address is worth a request: those of
 * RFC 9110 section 15.5, except 408 and 429, which say that the issuer is busy or the request came too slowly.
 */
export function isNotFound(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429
}

/** The errors of all callers hold the status of the response, if there was one. */
function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

/** An endpoint that an issuer's metadata names (RFC 8414 section 2), if it may be called and trusted with secrets. */
export function usableEndpoint(issuer: string, metadata: UntrustedObject, name: string): string | undefined {
  const address = string(metadata, name)
  return address !== undefined && isSecureAddress(address) && !leavesTls(issuer, address)
    ? address
    : undefined
}

/** Only an issuer on loopback may name an address without TLS: any other could send us to ports of our own machine. */
function leavesTls(issuer: string, address: string): boolean {
  return new URL(issuer).protocol === 'https:' && new URL(address).protocol !== 'https:'
}
