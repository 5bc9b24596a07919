import { ExchangeError } from '../../http/exchange-error.js'
import { usableEndpoint } from '../../http/discovery.js'
import { createTransport, type Transport } from '../../http/transport/transport.js'
import type { ResponseHeaders } from '../../http/transport/messages.js'
import { fetchDocument, namedUrl } from '../../keys/fetch-document.js'
import { fetchMetadata } from '../../keys/issuer-metadata.js'
import { KEY_DEFAULTS } from '../../keys/options.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import type { RequestHeaders } from '../../model/issuer/issuer-settings.js'
import type { KeySettings } from '../../model/issuer/issuer-settings.js'
import type { UntrustedObject } from '../../util/members.js'
import { isSameOrigin } from '../../util/url/url.js'

/** A response of an issuer. */
interface RecordedResponse {
  readonly url: string
  readonly status: number
  readonly headers: ResponseHeaders
  /** Seconds by which the clock of the issuer is ahead of this one; `undefined` without a `Date` header. */
  readonly secondsAhead: number | undefined
}

/** A document, or why it could not be used. */
type Document<T> =
  | { readonly value: T; readonly url: string; readonly headers: ResponseHeaders }
  | { readonly failure: string }

/** An issuer with the documents that it publishes. */
export interface InspectedIssuer {
  readonly issuer: Issuer
  /** The discovery document; `undefined` if none is needed. */
  readonly metadata: Document<UntrustedObject> | undefined
  /** The key set; `undefined` if no key set is fetched. */
  readonly keySet: Document<unknown> | undefined
  readonly responses: readonly RecordedResponse[]
}

/** Maximum number of tenants of one issuer that are inspected. */
const MOST_TENANTS = 5

/** Returns the issuer, or the first of its listed tenants, which have documents of their own. */
export function issuersToInspect(issuer: Issuer): readonly Issuer[] {
  const { tenants } = issuer
  if (tenants === undefined) return [issuer]
  if (typeof tenants.allowed === 'function') return []
  return tenants.allowed.slice(0, MOST_TENANTS).map((tenant) => tenants.describe(tenant))
}

/** Fetches the documents of an issuer, as a verifier does. */
export async function inspectIssuer(issuer: Issuer, now: () => number): Promise<InspectedIssuer> {
  const responses: RecordedResponse[] = []
  const transport = recording(createTransport(issuer.fetch), responses, now)
  try {
    const metadata = await inspectMetadata(issuer, transport, responses)
    const keySet = await inspectKeySet(issuer, metadata, transport, responses)
    return { issuer, metadata, keySet, responses }
  } finally {
    transport.close()
  }
}

function recording(transport: Transport, responses: RecordedResponse[], now: () => number): Transport {
  return {
    async send(request, signal) {
      const started = now()
      const response = await transport.send(request, signal)
      const { status, headers } = response
      const date = Date.parse(headers.get('date') ?? '')
      const secondsAhead = (date - (started + now()) / 2) / 1000
      responses.push({
        url: namedUrl(request.url),
        status,
        headers,
        secondsAhead: Number.isNaN(secondsAhead) ? undefined : secondsAhead,
      })
      return response
    },
    close: () => {
      transport.close()
    },
  }
}

function inspectMetadata(
  issuer: Issuer,
  transport: Transport,
  responses: readonly RecordedResponse[],
): Promise<Document<UntrustedObject>> | undefined {
  const keys = issuer.jwt?.keys ?? undefined
  if (keys?.kind === 'discovery')
    return fetchDiscovery(keys.issuer, keys.options, keys.headers, transport, responses)
  if (issuer.remote?.endpoint !== 'discovered') return undefined
  const { discoveryOptions, discoveryHeaders } = issuer.remote
  return fetchDiscovery(issuer.name, discoveryOptions, discoveryHeaders, transport, responses)
}

function fetchDiscovery(
  url: string,
  options: Partial<KeySettings> | undefined,
  metadataHeaders: RequestHeaders | undefined,
  transport: Transport,
  responses: readonly RecordedResponse[],
): Promise<Document<UntrustedObject>> {
  return attempt(responses, async () => {
    const settings = { transport, metadataHeaders, template: undefined }
    const { metadata, fetched } = await fetchMetadata(url, { ...KEY_DEFAULTS, ...options }, settings)
    return { value: metadata, headers: fetched.headers }
  })
}

function inspectKeySet(
  { jwt, insecureHosts }: Issuer,
  metadata: Document<UntrustedObject> | undefined,
  transport: Transport,
  responses: readonly RecordedResponse[],
): Promise<Document<unknown>> | undefined {
  const keys = jwt?.keys ?? undefined
  if (keys === undefined || keys.kind === 'static' || keys.kind === 'pem') return undefined
  if (keys.kind === 'remote')
    return fetchKeySet(keys.url, keys.options, { transport, headers: keys.headers }, responses)
  if (metadata === undefined || 'failure' in metadata) return undefined
  const url = usableEndpoint(keys.issuer, metadata.value, 'jwks_uri', insecureHosts)
  if (url === undefined)
    return Promise.resolve({
      failure: 'the discovery document has no usable jwks_uri: it must be an https: URL',
    })
  const headers = isSameOrigin(keys.issuer, url) ? keys.headers : undefined
  return fetchKeySet(url, keys.options, { transport, headers }, responses)
}

function fetchKeySet(
  url: string,
  options: Partial<KeySettings> | undefined,
  extras: Parameters<typeof fetchDocument>[2],
  responses: readonly RecordedResponse[],
): Promise<Document<unknown>> {
  return attempt(responses, async () => {
    const { json, headers } = await fetchDocument(url, { ...KEY_DEFAULTS, ...options }, extras)
    return { value: json, headers }
  })
}

/** Returns a failure in place of an error, with the target of a redirect. */
async function attempt<T>(
  responses: readonly RecordedResponse[],
  fetchValue: () => Promise<{ readonly value: T; readonly headers: ResponseHeaders }>,
): Promise<Document<T>> {
  try {
    const fetched = await fetchValue()
    return { ...fetched, url: responses.at(-1)?.url ?? '' }
  } catch (error) {
    return { failure: describe(error) + redirectIn(responses) }
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const url = error instanceof ExchangeError ? error.url : undefined
  return url === undefined || error.message.includes(url) ? error.message : `${error.message} from ${url}`
}

function redirectIn(responses: readonly RecordedResponse[]): string {
  const redirect = responses.find(({ status }) => status >= 300 && status < 400)
  const location = redirect?.headers.get('location') ?? ''
  if (redirect === undefined || !URL.canParse(location, redirect.url)) return ''
  return `, which redirects to ${namedUrl(new URL(location, redirect.url).href)}`
}
