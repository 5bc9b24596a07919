import type { Clock } from '../util/clock.js'
import { discover as discoverMetadata, usableEndpoint } from '../http/discovery.js'
import { ExchangeError } from '../http/exchange-error.js'
import type { Transport } from '../http/transport/transport.js'
import { parseJson } from '../util/json.js'
import { fetchDocument, RefreshingDocument, type LoadedDocument } from './refreshing-document.js'
import { maxAgeOf } from '../http/cache-control.js'
import type { DocumentOutages } from './document-outages.js'
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
  settings: { readonly transport: Transport; readonly outages: DocumentOutages },
): RefreshingDocument<IssuerMetadata> {
  const load = (): Promise<LoadedDocument<IssuerMetadata>> =>
    loadMetadata(issuer, options, settings.transport)
  return new RefreshingDocument(load, options, clock, {
    title: 'discovery document',
    outages: settings.outages,
  })
}

async function loadMetadata(
  issuer: string,
  options: KeySettings,
  transport: Transport,
): Promise<LoadedDocument<IssuerMetadata>> {
  const { fetched, metadata } = await discoverMetadata(issuer, {
    get: (address, spent) => fetchDocument(address, remaining(options, spent), { transport }),
    metadataOf: ({ text }) => parseJson(text),
    unusable: (problem, address) =>
      new ExchangeError(
        problem === 'not-an-object'
          ? `no JSON object at ${address}`
          : `the document at ${address} is not that of the configured issuer`,
      ),
  })
  return {
    value: {
      // Unusable endpoints count as absent, so that only callers that need them fail.
      jwksUri: usableEndpoint(issuer, metadata, 'jwks_uri'),
      introspectionEndpoint: usableEndpoint(issuer, metadata, 'introspection_endpoint'),
    },
    maxAge: maxAgeOf(fetched.headers),
  }
}

/** Both addresses share one deadline. */
function remaining(options: KeySettings, spent: number): KeySettings {
  return spent === 0 ? options : { ...options, deadline: Math.max(0.001, options.deadline - spent) }
}
