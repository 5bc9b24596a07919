import { explain } from '../model/detail/explain.js'
import { createCause, Refusal, isRefusal, type OrRefusal } from '../model/refusal/refusal.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import { phrase } from '../util/quote.js'
import { SharedFlight } from '../util/single-flight.js'
import { isSameOrigin } from '../util/url/url.js'
import type { IssuerMetadata } from './issuer-metadata.js'
import type { RefreshingDocument } from './refreshing-document.js'

/** What keeps the endpoint from being called. */
export interface EndpointProblem {
  readonly status: 'degraded' | 'down'
  readonly failure: string
}

const OTHER_ORIGIN =
  'the discovery document of the tenant names an introspection_endpoint of another origin than its issuer, which gets no ' +
  'credentials. Set the option introspection.endpoint'

const MISSING =
  'the discovery document has no introspection_endpoint with an https: URL. Set the option introspection.endpoint'

/** The introspection endpoint that the discovery document of an issuer names. */
export class DiscoveredEndpoint {
  readonly #metadata: RefreshingDocument<IssuerMetadata>
  readonly #loading = new SharedFlight<OrRefusal<string>>()
  readonly #name: 'introspectionAlias' | 'introspectionEndpoint'
  readonly #origin: string | undefined
  #problem: string | undefined

  /**
   * @param usesCertificate - whether the requests present a client certificate.
   * @param origin - URL whose origin the endpoint must have, because the credentials are those of several issuers;
   *   `undefined` allows every origin.
   */
  constructor(
    metadata: RefreshingDocument<IssuerMetadata>,
    usesCertificate: boolean,
    origin: string | undefined,
  ) {
    this.#metadata = metadata
    this.#name = usesCertificate ? 'introspectionAlias' : 'introspectionEndpoint'
    this.#origin = origin
  }

  /** Returns the URL. Synchronous if the document is usable. */
  find(): Awaitable<OrRefusal<string>> {
    const document = this.#metadata.current()
    return document instanceof Promise
      ? this.#loading.share(() => afterwards(document, (loaded) => this.#read(loaded)))
      : this.#read(document)
  }

  /** Returns the problem with the document, as far as it is known. Makes no call. */
  problem(): EndpointProblem | undefined {
    const { status, failure = 'not loaded' } = this.#metadata.health()
    if (status !== 'ok') return { status, failure: `discovery document: ${failure}` }
    return this.#problem === undefined ? undefined : { status: 'down', failure: this.#problem }
  }

  #read(document: OrRefusal<IssuerMetadata>): OrRefusal<string> {
    if (isRefusal(document)) {
      // A 429 may be caused by our own load, so it must not allow a stale result.
      const next = this.#metadata.secondsToNextAttempt()
      const failing = this.#metadata.failing()
      const values = { ...failing, document: phrase('discovery document'), next }
      const isOverloaded = this.#metadata.isOverloaded()
      return new Refusal(isOverloaded ? 'issuer_overloaded' : 'issuer_unavailable', {
        cause: document.cause,
        retryAfterSeconds: next,
        detail: isOverloaded
          ? explain('issuer_overloaded', 'discovery_status', values)
          : explain('issuer_unavailable', 'discovery', values),
      })
    }
    const { [this.#name]: endpoint } = document
    if (endpoint === undefined) return this.#refuse(MISSING, explain('issuer_unavailable', 'endpoint', {}))
    const origin = this.#origin
    if (origin !== undefined && !isSameOrigin(origin, endpoint)) {
      const values = { endpoint, issuer: origin }
      return this.#refuse(OTHER_ORIGIN, explain('issuer_unavailable', 'endpoint_origin', values))
    }
    this.#problem = undefined
    return endpoint
  }

  #refuse(problem: string, detail: () => string): Refusal {
    this.#problem = problem
    return new Refusal('issuer_unavailable', { cause: createCause(problem), detail })
  }
}
