import type { Clock } from '../../util/clock.js'
import { timers } from '../../util/timers.js'
import { discoveryAddresses, isUsableEndpoint, isNotFound } from '../../http/discovery.js'
import { requestIssuer, placeOf, textIn, unreadable, type IssuerRequest } from './issuer-request.js'
import { TokenSourceError } from '../errors.js'

/** Where tokens are to be had, and for whom an assertion is. */
export interface TokenEndpoint {
  readonly url: string
  /** The `aud` of a client assertion. */
  readonly assertionAudience: string
}

/** What finding the endpoint may take. */
export interface EndpointLookup extends Pick<IssuerRequest, 'deadlineSeconds' | 'fetch' | 'signal'> {
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
  #found: TokenEndpoint | undefined
  #lookUpAt = Number.NEGATIVE_INFINITY
  #underWay: Promise<TokenEndpoint> | undefined

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

  /** Joins the look-up under way or starts one. */
  #lookUp(finding: EndpointLookup): Promise<TokenEndpoint> {
    this.#underWay ??= this.#discover(finding)
      .then((found) => {
        this.#lookUpAt = this.#clock.elapsed() + LIFETIME
        return (this.#found = found)
      })
      .finally(() => {
        this.#underWay = undefined
      })
    return this.#underWay
  }

  async #discover(finding: EndpointLookup): Promise<TokenEndpoint> {
    const document = await this.#document(finding)
    // RFC 8414 section 3.3: a document of another issuer would send our credentials to strangers.
    if (textIn(document, 'issuer') !== this.#issuer) {
      throw unreadable(
        `the discovery document of ${this.#issuer} is that of another issuer`,
        'The option issuer must be what the document says, to the letter',
      )
    }
    const url = textIn(document, 'token_endpoint')
    if (url === undefined || !isUsableEndpoint(this.#issuer, url)) {
      throw unreadable(
        `the discovery document of ${this.#issuer} names no token_endpoint that credentials may be sent to`,
        'Give the option tokenEndpoint in place of issuer',
      )
    }
    return { url, assertionAudience: this.#issuer }
  }

  async #document(finding: EndpointLookup): Promise<Readonly<Record<string, unknown>>> {
    const started = timers.elapsed()
    const [first, second] = discoveryAddresses(this.#issuer)
    const { closing: _, ...how } = finding
    const call = { ...how, method: 'GET', headers: {}, secrets: [], now: this.#clock.now() } as const
    try {
      return await requestIssuer({ ...call, url: first }, () => ({ code: undefined, message: undefined }))
    } catch (error) {
      const isElsewhere = error instanceof TokenSourceError && isNotFound(error.status)
      if (!isElsewhere || first === second) throw explained(error, first)
    }
    const deadlineSeconds = Math.max(0.001, finding.deadlineSeconds - (timers.elapsed() - started))
    try {
      return await requestIssuer({ ...call, url: second, deadlineSeconds }, () => ({
        code: undefined,
        message: undefined,
      }))
    } catch (error) {
      throw explained(error, second)
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
