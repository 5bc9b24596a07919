import type { Clock } from '../../util/clock.js'
import type { UntrustedObject } from '../../util/members.js'
import { SharedFlight } from '../../util/single-flight.js'
import { discover, isNotFound, usableEndpoint } from '../../http/discovery.js'
import { requestIssuer, placeOf, unreadable, type IssuerRequest } from './issuer-request.js'
import { TokenSourceError } from '../errors.js'

/** Where tokens are to be had, and for whom an assertion is. */
export interface TokenEndpoint {
  readonly url: string
  /** The `aud` of a client assertion. */
  readonly assertionAudience: string
}

/** What finding the endpoint may take. */
export interface EndpointLookup extends Pick<IssuerRequest, 'deadlineSeconds' | 'transport' | 'signal'> {
  /** Ends a look-up that nobody waits for. */
  readonly closing: AbortSignal
}

/** How long a discovered address is used before it is looked up again. */
const LIFETIME = 3600
/** After how long it is looked up again where that failed. */
const PAUSE = 60

/**
 * Finds the token endpoint of an issuer in its discovery document, and remembers it for an hour. Later look-ups hold
 * up nobody: they happen in the background, and one that fails changes nothing, the address known is used on.
 */
export class DiscoveredEndpoint {
  readonly #issuer: string
  readonly #clock: Clock
  readonly #flight = new SharedFlight<TokenEndpoint>()
  #found: TokenEndpoint | undefined
  #lookUpAt = Number.NEGATIVE_INFINITY

  constructor(issuer: string, clock: Clock) {
    this.#issuer = issuer
    this.#clock = clock
  }

  async find(finding: EndpointLookup): Promise<TokenEndpoint> {
    if (this.#found === undefined) return this.#lookUp(finding)
    if (this.#clock.elapsed() >= this.#lookUpAt) {
      // Not by the signal of one attempt: its end would leave the address old for good.
      this.#lookUp({ ...finding, signal: finding.closing }).catch(() => {
        this.#lookUpAt = this.#clock.elapsed() + PAUSE
      })
    }
    return this.#found
  }

  /** Joins the lookup in flight or starts one. */
  #lookUp(finding: EndpointLookup): Promise<TokenEndpoint> {
    return this.#flight.share(async () => {
      const found = await this.#discover(finding)
      this.#lookUpAt = this.#clock.elapsed() + LIFETIME
      return (this.#found = found)
    })
  }

  async #discover(finding: EndpointLookup): Promise<TokenEndpoint> {
    const issuer = this.#issuer
    const { metadata } = await discover(issuer, {
      get: (url, spent) => this.#get(url, spent, finding),
      metadataOf: (document) => document,
      unusable: () =>
        unreadable(
          `the discovery document of ${issuer} is that of another issuer`,
          'The option issuer must be what the document says, to the letter',
        ),
    })
    const url = usableEndpoint(issuer, metadata, 'token_endpoint')
    if (url === undefined) {
      throw unreadable(
        `the discovery document of ${issuer} names no token_endpoint that credentials may be sent to`,
        'Give the option tokenEndpoint in place of issuer',
      )
    }
    return { url, assertionAudience: issuer }
  }

  async #get(url: string, spent: number, finding: EndpointLookup): Promise<UntrustedObject> {
    const { transport, signal } = finding
    const deadlineSeconds = Math.max(0.001, finding.deadlineSeconds - spent)
    const call = { url, deadlineSeconds, transport, signal, isRepeatable: true, now: this.#clock.now() }
    try {
      return await requestIssuer({ ...call, method: 'GET', headers: {}, secrets: [] }, () => ({
        code: undefined,
        message: undefined,
      }))
    } catch (error) {
      throw explained(error, url)
    }
  }
}

/** A document that is not there is nobody's credentials refused. */
function explained(error: unknown, url: string): unknown {
  if (!(error instanceof TokenSourceError) || !isNotFound(error.status)) return error
  const { status, retryAfter } = error
  return new TokenSourceError({
    reason: 'answer_unreadable',
    problem: `there is no discovery document at ${placeOf(url)}: the answer was ${status ?? 'none'}`,
    advice: 'Check the option issuer, or give tokenEndpoint in place of it',
    status,
    retryAfter,
  })
}
