import { Deadline } from './deadline.js'
import { isRecord, ownMember, record, string, type UntrustedObject } from '../util/members.js'
import { isSecureAddressFor } from '../util/url/url.js'
import { UnreadableResponseError } from './exchange-error.js'

/** Functions with which {@link discover} fetches and reads the discovery document of an issuer. */
export interface DiscoveryRequests<T> {
  /** Maximum seconds of all requests. */
  readonly deadlineSeconds: number
  /**
   * Fetches a document within `deadlineSeconds`. Its error has the `status` of the response, if there was one. The error or
   * its `cause` is an {@link UnreadableResponseError} if the response was unreadable.
   */
  readonly get: (url: string, deadlineSeconds: number) => Promise<T>
  /** Reads a fetched discovery document. */
  readonly metadataOf: (fetched: T) => unknown
  /** Whether the `issuer` of a document also stands for the issuer: see {@link discover}. */
  readonly isEquivalent?: (documentIssuer: string) => boolean
  /** Creates the error for a document that is not a JSON object, or that names another issuer: `stated`. */
  readonly unusable: (problem: 'not-an-object' | 'other-issuer', url: string, stated?: unknown) => Error
}

/** Discovery document that names the issuer, or a string that the caller accepts in its place. */
export interface Discovered<T> {
  readonly fetched: T
  readonly metadata: UntrustedObject
}

/** Result of a URL that has no discovery document. */
interface NotFound {
  readonly failure: unknown
  /** Whether the status of the response says that nothing is at the URL. */
  readonly isNotFoundStatus: boolean
}

/**
 * Fetches the discovery document of an issuer from the URL of OpenID Connect Discovery, or else from that of RFC 8414 section 3, and
 * checks that it names the issuer, or a string that `isEquivalent` accepts.
 *
 * The second URL is tried if the response of the first is not a discovery document: 4xx, a redirect, an HTML page, an
 * unreadable response or JSON without `issuer`. It is not tried after no response, 408, 429 or 5xx, which say nothing
 * about where the document is, and not after the document of another issuer.
 *
 * @throws The errors of `get` and `unusable`.
 */
export async function discover<T>(issuer: string, requests: DiscoveryRequests<T>): Promise<Discovered<T>> {
  const [first, second] = discoveryUrls(issuer)
  const limit = new Deadline(requests.deadlineSeconds)
  const firstResult = await discoverAt(first, limit, issuer, requests)
  if (!('failure' in firstResult)) return firstResult
  const secondResult = await discoverAt(second, limit, issuer, requests)
  if (!('failure' in secondResult)) return secondResult
  // An HTML page or a redirect at the first URL helps the operator more than a 404 at the second.
  throw firstResult.isNotFoundStatus ? secondResult.failure : firstResult.failure
}

async function discoverAt<T>(
  url: string,
  limit: Deadline,
  issuer: string,
  { get, metadataOf, unusable, isEquivalent }: DiscoveryRequests<T>,
): Promise<Discovered<T> | NotFound> {
  let fetched: T
  try {
    fetched = await get(url, limit.remaining())
  } catch (error) {
    if (!isOtherResource(error)) throw error
    return { failure: error, isNotFoundStatus: isNotFound(statusOf(error)) }
  }
  const metadata = metadataOf(fetched)
  if (!isRecord(metadata)) return { failure: unusable('not-an-object', url), isNotFoundStatus: false }
  const documentIssuer = ownMember(metadata, 'issuer')
  if (documentIssuer === issuer) return { fetched, metadata }
  if (typeof documentIssuer === 'string' && isEquivalent?.(documentIssuer) === true)
    return { fetched, metadata }
  const failure = unusable('other-issuer', url, documentIssuer)
  if (documentIssuer === undefined) return { failure, isNotFoundStatus: false }
  // RFC 8414 section 3.3: with the document of another issuer, tokens and credentials would be sent to that issuer.
  throw failure
}

/**
 * Returns the possible URLs of an issuer's document, in the order of the requests. OpenID Connect Discovery 1.0 section 4.1
 * appends the well-known path to the issuer. RFC 8414 section 3.1 inserts it between host and path. Both first remove a
 * trailing slash.
 */
function discoveryUrls(issuer: string): readonly [string, string] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/** Whether an error means that the URL has another resource than a discovery document, or none. */
function isOtherResource(error: unknown): boolean {
  const status = statusOf(error)
  if (status !== undefined) return status < 400 || isNotFound(status)
  if (error instanceof UnreadableResponseError) return true
  return error instanceof Error && error.cause instanceof UnreadableResponseError
}

/**
 * Whether a status means that the URL has no document: a 4xx of RFC 9110 section 15.5, except 408 (the request was too
 * slow) and 429 (the issuer is busy).
 */
export function isNotFound(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429
}

/** Reads the status that errors of all callers have if there was a response. */
function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

/** Maximum length of an endpoint URL, in characters, because it stays in memory as long as the metadata. */
const LONGEST_URL = 2048

/**
 * Reads the URL of an endpoint from a discovery document (RFC 8414 section 2); `undefined` if it is absent or unsafe.
 *
 * @param insecureHosts - hosts for which `http:` is allowed, whatever the scheme of the issuer.
 */
export function usableEndpoint(
  issuer: string,
  metadata: UntrustedObject,
  name: string,
  insecureHosts: readonly string[] = [],
): string | undefined {
  const url = string(metadata, name)
  if (url === undefined || url.length > LONGEST_URL) return undefined
  return isSecureAddressFor(issuer, url, insecureHosts) ? url : undefined
}

/** Returns the metadata with the endpoints that require a client certificate, if there are any (RFC 8705 section 5). */
export function withAliases(metadata: UntrustedObject): UntrustedObject {
  return { ...metadata, ...record(metadata, 'mtls_endpoint_aliases') }
}
