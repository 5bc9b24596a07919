import { explain } from '../model/detail/explain.js'
import { createCause, Refusal, isRefusal, type OrRefusal } from '../model/refusal/refusal.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import { phrase } from '../util/quote.js'
import { SharedFlight } from '../util/single-flight.js'
import type { IssuerMetadata } from './issuer-metadata.js'
import type { RefreshingDocument } from './refreshing-document.js'

/** What keeps the endpoint from being called. */
export interface EndpointProblem {
  readonly status: 'degraded' | 'down'
  readonly failure: string
}

const MISSING =
  'the discovery document has no introspection_endpoint with an https: URL. Set the option introspection.endpoint'

/** The introspection endpoint that the discovery document of an issuer names. */
export class DiscoveredEndpoint {
  readonly #metadata: RefreshingDocument<IssuerMetadata>
  readonly #loading = new SharedFlight<OrRefusal<string>>()
  readonly #name: 'introspectionAlias' | 'introspectionEndpoint'
  #isMissing = false

  /** @param usesCertificate - whether the requests present a client certificate. */
  constructor(metadata: RefreshingDocument<IssuerMetadata>, usesCertificate: boolean) {
    this.#metadata = metadata
    this.#name = usesCertificate ? 'introspectionAlias' : 'introspectionEndpoint'
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
    return this.#isMissing ? { status: 'down', failure: MISSING } : undefined
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
    const { [this.#name]: introspectionEndpoint } = document
    this.#isMissing = introspectionEndpoint === undefined
    if (introspectionEndpoint !== undefined) return introspectionEndpoint
    return new Refusal('issuer_unavailable', {
      cause: createCause(MISSING),
      detail: explain('issuer_unavailable', 'endpoint', {}),
    })
  }
}
