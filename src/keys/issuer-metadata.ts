import type { Clock } from '../util/clock.js'
import { discover, usableEndpoint, withAliases, type Discovered } from '../http/discovery.js'
import { ExchangeError } from '../http/exchange-error.js'
import type { Transport } from '../http/transport/transport.js'
import { explainOtherIssuer } from '../util/url/issuer-difference.js'
import { ownMember } from '../util/members.js'
import { quote } from '../util/quote.js'
import { fetchDocument, type FetchedDocument } from './fetch-document.js'
import { RefreshingDocument, type LoadedDocument } from './refreshing-document.js'
import { readMaxAge } from '../http/cache-control.js'
import type { RequestHeaders } from '../model/issuer/issuer-settings.js'
import type { ReportCall } from '../model/issuer/issuer-calls.js'
import type { DocumentOutages } from './document-outages.js'
import { isTemplateItself, type UrlTemplate } from '../util/url/url-template.js'
import type { KeySettings } from '../model/issuer/issuer-settings.js'

/** Members used from an issuer's discovery document (RFC 8414 section 2). The operator configures everything else. */
export interface IssuerMetadata {
  /** URL of the key set; `undefined` if it is absent or unusable. */
  readonly jwksUri: string | undefined
  /** The `jwks_uri` of the document, quoted for messages. */
  readonly statedJwksUri: string
  /** URL of the introspection endpoint (RFC 7662); `undefined` if it is absent or unusable. */
  readonly introspectionEndpoint: string | undefined
  /** URL of the introspection endpoint for clients with a certificate (RFC 8705 section 5), which may be the same. */
  readonly introspectionAlias: string | undefined
}

/** How the discovery document is fetched. */
export interface MetadataSettings {
  readonly transport: Transport
  readonly outages: DocumentOutages
  readonly reportCall: ReportCall
  /** Hosts for which `http:` is allowed. */
  readonly insecureHosts: readonly string[]
  /** Headers of the requests. They are sent to the origin of the issuer only. */
  readonly metadataHeaders: RequestHeaders | undefined
  /** Template of the issuer, if the issuer is one of its tenants. The document may name the template itself. */
  readonly template?: UrlTemplate | undefined
}

/** Creates the discovery document of an issuer, which is fetched on first use and then refreshed. */
export function createMetadataDocument(
  issuer: string,
  options: KeySettings,
  clock: Clock,
  settings: MetadataSettings,
): RefreshingDocument<IssuerMetadata> {
  const load = (): Promise<LoadedDocument<IssuerMetadata>> =>
    settings.reportCall('discovery', () => loadMetadata(issuer, options, settings))
  return new RefreshingDocument(load, options, clock, {
    title: 'discovery document',
    outages: settings.outages,
  })
}

async function loadMetadata(
  issuer: string,
  options: KeySettings,
  settings: MetadataSettings,
): Promise<LoadedDocument<IssuerMetadata>> {
  const { fetched, metadata } = await fetchMetadata(issuer, options, settings)
  const { insecureHosts } = settings
  return {
    value: {
      // Unusable endpoints count as absent, so that only callers that need them fail.
      jwksUri: usableEndpoint(issuer, metadata, 'jwks_uri', insecureHosts),
      statedJwksUri: quote(ownMember(metadata, 'jwks_uri')),
      introspectionEndpoint: usableEndpoint(issuer, metadata, 'introspection_endpoint', insecureHosts),
      introspectionAlias: usableEndpoint(
        issuer,
        withAliases(metadata),
        'introspection_endpoint',
        insecureHosts,
      ),
    },
    maxAge: readMaxAge(fetched.headers),
  }
}

/**
 * Fetches the discovery document of an issuer.
 *
 * @throws ExchangeError if there is no readable document, or if it is the document of another issuer.
 */
export function fetchMetadata(
  issuer: string,
  options: KeySettings,
  {
    transport,
    metadataHeaders: headers,
    template,
  }: Pick<MetadataSettings, 'transport' | 'metadataHeaders' | 'template'>,
): Promise<Discovered<FetchedDocument>> {
  return discover(issuer, {
    deadlineSeconds: options.deadline,
    get: (url, deadline) => fetchDocument(url, { ...options, deadline }, { transport, headers }),
    metadataOf: ({ json }) => json,
    // Microsoft's documents for several tenants name `https://login.microsoftonline.com/{tenantid}/v2.0`.
    isEquivalent: (named) => template !== undefined && isTemplateItself(template, named),
    unusable: (problem, url, stated) =>
      new ExchangeError(
        problem === 'not-an-object'
          ? `the response of ${url} is not a JSON object`
          : explainOtherIssuer(url, stated, issuer),
      ),
  })
}
