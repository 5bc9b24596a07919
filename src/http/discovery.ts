import { isRecord, ownMember, string, type UntrustedObject } from '../util/members.js'
import { timers } from '../util/timers.js'
import { isSecureAddress } from '../util/url.js'
import { UnreadableResponseError } from './exchange-error.js'

/** How the metadata of an issuer is fetched. */
export interface DiscoveryRequests<T> {
  /**
   * Fetches a document; `spent` is how many seconds the earlier address took. An error holds the `status` of the response,
   * if there was one, and is or has as `cause` an {@link UnreadableResponseError} if the response could not be read.
   */
  readonly get: (address: string, spent: number) => Promise<T>
  /** The metadata in what was fetched. */
  readonly metadataOf: (fetched: T) => unknown
  /** Creates the error for a document that is not that of the issuer, or is not a JSON object at all. */
  readonly unusable: (problem: 'not-an-object' | 'other-issuer', address: string) => Error
}

/** A discovery document that names the issuer. */
export interface Discovered<T> {
  readonly fetched: T
  readonly metadata: UntrustedObject
}

/** A response that is not a discovery document. */
interface NotFound {
  readonly failure: unknown
  /** Whether the response says itself that nothing is there. */
  readonly isStated: boolean
}

/**
 * Fetches the metadata of an issuer from where OpenID Connect Discovery places it, or else from where RFC 8414 section 3
 * does, and checks that it is the issuer's own.
 *
 * Whatever the first address answers that is not a discovery document leads to the second: 4xx, a redirect, an HTML page,
 * a response that cannot be read, JSON without `issuer`. No response, 408, 429 and 5xx do not, because they say nothing
 * about where the document is. Neither does the document of another issuer.
 *
 * @throws What `get` throws, and what `unusable` creates.
 */
export async function discover<T>(issuer: string, requests: DiscoveryRequests<T>): Promise<Discovered<T>> {
  const [first, second] = discoveryAddresses(issuer)
  const started = timers.elapsed()
  const found = await discoverAt(first, 0, issuer, requests)
  if (!('failure' in found)) return found
  const elsewhere = await discoverAt(second, timers.elapsed() - started, issuer, requests)
  if (!('failure' in elsewhere)) return elsewhere
  // A page or a redirect tells the operator more than a 404 at the other address.
  throw found.isStated ? elsewhere.failure : found.failure
}

async function discoverAt<T>(
  address: string,
  spent: number,
  issuer: string,
  { get, metadataOf, unusable }: DiscoveryRequests<T>,
): Promise<Discovered<T> | NotFound> {
  let fetched: T
  try {
    fetched = await get(address, spent)
  } catch (error) {
    if (!isOtherResource(error)) throw error
    return { failure: error, isStated: isNotFound(statusOf(error)) }
  }
  const metadata = metadataOf(fetched)
  if (!isRecord(metadata)) return { failure: unusable('not-an-object', address), isStated: false }
  const named = ownMember(metadata, 'issuer')
  if (named === issuer) return { fetched, metadata }
  const failure = unusable('other-issuer', address)
  if (named === undefined) return { failure, isStated: false }
  // RFC 8414 section 3.3: a document of another issuer would send tokens and credentials to that one.
  throw failure
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

/** Whether an error means that a response came, and that it is not a discovery document. */
function isOtherResource(error: unknown): boolean {
  const status = statusOf(error)
  if (status !== undefined) return status < 400 || isNotFound(status)
  if (error instanceof UnreadableResponseError) return true
  return error instanceof Error && error.cause instanceof UnreadableResponseError
}

/**
 * Whether a status means that nothing is here: those of RFC 9110 section 15.5, except 408 and 429, which say that the
 * request came too slowly or the issuer is busy.
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

/** A longer address is not used, because it is kept for as long as the metadata is. */
const LONGEST_ADDRESS = 2048

/** An endpoint that an issuer's metadata names (RFC 8414 section 2), if it may be called and trusted with secrets. */
export function usableEndpoint(issuer: string, metadata: UntrustedObject, name: string): string | undefined {
  const address = string(metadata, name)
  return address !== undefined &&
    address.length <= LONGEST_ADDRESS &&
    isSecureAddress(address) &&
    !leavesTls(issuer, address)
    ? address
    : undefined
}

/** Only an issuer on loopback may name an address without TLS: any other could send us to ports of our own machine. */
function leavesTls(issuer: string, address: string): boolean {
  return new URL(issuer).protocol === 'https:' && new URL(address).protocol !== 'https:'
}
