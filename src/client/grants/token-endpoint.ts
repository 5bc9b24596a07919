import { explainOtherIssuer } from '../../util/url/issuer-difference.js'
import type { Clock } from '../../util/clock.js'
import type { UntrustedObject } from '../../util/members.js'
import { SharedFlight } from '../../util/single-flight.js'
import { discover, isNotFound, usableEndpoint, withAliases } from '../../http/discovery.js'
import {
  requestIssuer,
  urlWithoutQuery,
  unreadableResponseError,
  type IssuerRequest,
} from './issuer-request.js'
import { TokenSourceError } from '../errors.js'

/** A token endpoint, and the audience of client assertions sent to it. */
export interface TokenEndpoint {
  readonly url: string
  /** The `aud` of a client assertion. */
  readonly assertionAudience: string
}

/** Limits of one endpoint lookup. */
export interface EndpointLookup extends Pick<
  IssuerRequest,
  'deadlineSeconds' | 'transport' | 'signal' | 'tls' | 'tokensIn'
> {
  /** Aborts a background lookup. */
  readonly closing: AbortSignal
}

/** Seconds for which a discovered endpoint is used before the next lookup. */
const LIFETIME_SECONDS = 3600
/** Seconds between a failed lookup and the next one. */
const RETRY_SECONDS = 60

/**
 * Finds the token endpoint in the issuer's discovery document and caches it for an hour. Later lookups run in the
 * background; if one fails, the cached endpoint stays in use.
 */
export class DiscoveredEndpoint {
  readonly #issuer: string
  readonly #clock: Clock
  readonly #usesCertificate: boolean
  readonly #insecureHosts: readonly string[]
  readonly #flight = new SharedFlight<TokenEndpoint>()
  #endpoint: TokenEndpoint | undefined
  #lookUpAt = Number.NEGATIVE_INFINITY

  /**
   * @param settings - `usesCertificate`: whether the requests present a client certificate. The alias of the endpoint then
   * applies, if there is one (RFC 8705 section 5). `insecureHosts`: hosts whose endpoint may be plain http.
   */
  constructor(
    issuer: string,
    clock: Clock,
    { usesCertificate, insecureHosts }: { usesCertificate: boolean; insecureHosts: readonly string[] },
  ) {
    this.#issuer = issuer
    this.#clock = clock
    this.#usesCertificate = usesCertificate
    this.#insecureHosts = insecureHosts
  }

  async find(lookup: EndpointLookup): Promise<TokenEndpoint> {
    if (this.#endpoint === undefined) return this.#lookUp(lookup)
    if (this.#clock.elapsed() >= this.#lookUpAt) {
      // Not aborted with the attempt that started it. Otherwise short attempts could prevent every refresh.
      this.#lookUp({ ...lookup, signal: lookup.closing }).catch(() => {
        this.#lookUpAt = this.#clock.elapsed() + RETRY_SECONDS
      })
    }
    return this.#endpoint
  }

  /** Joins the lookup in flight or starts one. */
  #lookUp(lookup: EndpointLookup): Promise<TokenEndpoint> {
    return this.#flight.share(async () => {
      const endpoint = await this.#discover(lookup)
      this.#lookUpAt = this.#clock.elapsed() + LIFETIME_SECONDS
      return (this.#endpoint = endpoint)
    })
  }

  async #discover(lookup: EndpointLookup): Promise<TokenEndpoint> {
    const issuer = this.#issuer
    const triedUrls: string[] = []
    const { metadata } = await discover(issuer, {
      deadlineSeconds: lookup.deadlineSeconds,
      get: (url, deadlineSeconds) => {
        triedUrls.push(urlWithoutQuery(url))
        return this.#get({ url, triedUrls }, { ...lookup, deadlineSeconds })
      },
      metadataOf: (document) => document,
      unusable: (problem, url, stated) =>
        unreadableResponseError(
          problem === 'not-an-object'
            ? `the discovery document of ${issuer} is not a JSON object`
            : explainOtherIssuer(url, stated, issuer),
          'Set issuer to exactly the value in the discovery document',
        ),
    })
    const endpoints = this.#usesCertificate ? withAliases(metadata) : metadata
    const url = usableEndpoint(issuer, endpoints, 'token_endpoint', this.#insecureHosts)
    if (url === undefined) {
      throw unreadableResponseError(
        `the discovery document of ${issuer} has no token_endpoint that credentials can be sent to`,
        'Set tokenEndpoint instead of issuer',
      )
    }
    return { url, assertionAudience: issuer }
  }

  async #get(
    { url, triedUrls }: { readonly url: string; readonly triedUrls: readonly string[] },
    { deadlineSeconds, transport, signal, tls, tokensIn }: EndpointLookup,
  ): Promise<UntrustedObject> {
    const call = {
      url,
      deadlineSeconds,
      transport,
      signal,
      tls,
      tokensIn,
      isRepeatable: true,
      now: this.#clock.now(),
    }
    try {
      return await requestIssuer({ ...call, method: 'GET', headers: {}, secrets: [] }, () => ({
        code: undefined,
        message: undefined,
      }))
    } catch (error) {
      throw explainNotFound(error, triedUrls)
    }
  }
}

/** A missing discovery document is a wrong URL, not rejected credentials. */
function explainNotFound(error: unknown, triedUrls: readonly string[]): unknown {
  if (!(error instanceof TokenSourceError) || !isNotFound(error.status)) return error
  const { status, retryAfter } = error
  return new TokenSourceError({
    reason: 'answer_unreadable',
    problem: `there is no discovery document at ${triedUrls.join(' or ')}: the last response status was ${status ?? 'unknown'}`,
    advice: 'Check issuer, or set tokenEndpoint instead',
    status,
    retryAfter,
  })
}
