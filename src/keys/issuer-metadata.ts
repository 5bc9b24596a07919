import type { Clock } from '../util/clock.js'
import { isRecord, ownMember, string } from '../util/members.js'
import { discoveryAddresses, isUsableEndpoint, isNotFound } from '../http/discovery.js'
import { ExchangeError } from '../http/exchange.js'
import { parseJson } from '../util/json.js'
import {
  DocumentStatusError,
  fetchDocument,
  RefreshingDocument,
  type LoadedDocument,
} from './refreshing-document.js'
import { maxAgeOf } from '../http/cache-control.js'
import type { TellIssuerEvent } from '../model/issuer-events.js'
import type { KeySettings } from '../model/issuer.js'

/** What is used of an issuer's discovery document (RFC 8414 section 2). Everything else stays the operator's choice. */
export interface IssuerMetadata {
  readonly jwksUri: string | undefined
  readonly introspectionEndpoint: string | undefined
}

/** An issuer's discovery document, kept fresh. */
export function discover(
  issuer: string,
  options: KeySettings,
  clock: Clock,
  settings: { readonly fetch: typeof fetch | undefined; readonly tell: TellIssuerEvent },
): RefreshingDocument<IssuerMetadata> {
  const load = (): Promise<LoadedDocument<IssuerMetadata>> => loadMetadata(issuer, options, settings.fetch)
  return new RefreshingDocument(load, options, clock, { tell: settings.tell })
}

async function loadMetadata(
  issuer: string,
  options: KeySettings,
  issuerFetch: typeof fetch | undefined,
): Promise<LoadedDocument<IssuerMetadata>> {
  const addresses = discoveryAddresses(issuer)
  for (const [index, address] of addresses.entries()) {
    try {
      const { headers, text } = await fetchDocument(address, options, { fetch: issuerFetch })
      return { value: readMetadata(issuer, address, parseJson(text)), maxAge: maxAgeOf(headers) }
    } catch (error) {
      const isElsewhere = error instanceof DocumentStatusError && isNotFound(error.status)
      if (!isElsewhere || index === addresses.length - 1) throw error
    }
  }
  throw new ExchangeError('no discovery address')
}

function readMetadata(issuer: string, address: string, document: unknown): IssuerMetadata {
  if (!isRecord(document)) throw new ExchangeError(`no JSON object at ${address}`)
  // RFC 8414 section 3.3: a document for another issuer must not be used.
  if (ownMember(document, 'issuer') !== issuer) {
    throw new ExchangeError(`the document at ${address} is not that of the configured issuer`)
  }
  return {
    jwksUri: addressIn(document, 'jwks_uri', issuer),
    introspectionEndpoint: addressIn(document, 'introspection_endpoint', issuer),
  }
}

/** An address that must not be used is none: whoever needs it finds it missing, and whoever does not is unharmed. */
function addressIn(document: Record<string, unknown>, member: string, issuer: string): string | undefined {
  const value = string(document, member)
  return value !== undefined && isUsableEndpoint(issuer, value) ? value : undefined
}
