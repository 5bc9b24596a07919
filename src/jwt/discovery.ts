import type { Clock } from '../clock.js'
import { isRecord, isSecureAddress } from '../configuration.js'
import { ExchangeError, parseJson } from '../exchange.js'
import {
  DocumentStatusError,
  fetchDocument,
  FetchedDocument,
  maxAgeOf,
  type LoadedDocument,
} from './fetched-document.js'
import type { TellIssuerEvent } from '../issuer-events.js'
import type { KeyOptions } from './key-options.js'

/** What is used of an issuer's discovery document (RFC 8414 section 2). Everything else stays the operator's choice. */
export interface IssuerMetadata {
  readonly jwksUri: string | undefined
  readonly introspectionEndpoint: string | undefined
}

/** An issuer's discovery document, kept fresh. */
export function discover(
  issuer: string,
  options: KeyOptions,
  clock: Clock,
  settings: { readonly fetch: typeof fetch | undefined; readonly tell: TellIssuerEvent },
): FetchedDocument<IssuerMetadata> {
  const load = (): Promise<LoadedDocument<IssuerMetadata>> => loadMetadata(issuer, options, settings.fetch)
  return new FetchedDocument(load, options, clock, { tell: settings.tell })
}

/**
 * Where an issuer's document may stand: OpenID Connect appends the well-known path to the issuer, RFC 8414
 * section 3.1 inserts it between host and path.
 */
function discoveryAddresses(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

async function loadMetadata(
  issuer: string,
  options: KeyOptions,
  issuerFetch: typeof fetch | undefined,
): Promise<LoadedDocument<IssuerMetadata>> {
  const addresses = discoveryAddresses(issuer)
  for (const [index, address] of addresses.entries()) {
    try {
      const { headers, text } = await fetchDocument(address, options, { fetch: issuerFetch })
      return { value: readMetadata(issuer, address, parseJson(text)), maxAge: maxAgeOf(headers) }
    } catch (error) {
      // "Not here" is the one outcome after which the other address is worth a request.
      const isElsewhere = error instanceof DocumentStatusError && error.status >= 400 && error.status < 500
      if (!isElsewhere || index === addresses.length - 1) throw error
    }
  }
  throw new ExchangeError('no discovery address')
}

function readMetadata(issuer: string, address: string, document: unknown): IssuerMetadata {
  if (!isRecord(document)) throw new ExchangeError(`no JSON object at ${address}`)
  // RFC 8414 section 3.3: a document for another issuer must not be used.
  if (!Object.hasOwn(document, 'issuer') || document['issuer'] !== issuer) {
    throw new ExchangeError(`the document at ${address} is not that of the configured issuer`)
  }
  return {
    jwksUri: addressIn(document, 'jwks_uri', address),
    introspectionEndpoint: addressIn(document, 'introspection_endpoint', address),
  }
}

/** An address that must not be used is none: whoever needs it finds it missing, and whoever does not is unharmed. */
function addressIn(document: Record<string, unknown>, member: string, source: string): string | undefined {
  const value = Object.hasOwn(document, member) ? document[member] : undefined
  return typeof value === 'string' && isSecureAddress(value) && !leavesTls(source, value) ? value : undefined
}

/** Loopback without TLS is for issuers that are there themselves: no other may send us to our own machine's ports. */
function leavesTls(source: string, address: string): boolean {
  return new URL(source).protocol === 'https:' && new URL(address).protocol !== 'https:'
}
