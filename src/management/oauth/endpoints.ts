import { discoveryAddresses, isUsableEndpoint, isNotFound } from '../../http/discovery.js'
import { ManagementError } from '../api/management-error.js'
import { text } from '../../util/members.js'
import { timers } from '../../util/timers.js'
import type { VendorApi } from '../api/vendor-api.js'
import type { VendorCall } from '../api/call.js'

/** The member of a discovery document that holds an endpoint (RFC 8414 section 2). */
export type EndpointName = 'introspection_endpoint' | 'revocation_endpoint'

/** The operation that needs an endpoint. */
export type Asking = Pick<VendorCall, 'operation' | 'signal'>

/** Where an endpoint is, and how much of the operation's time is left. */
type Found = Pick<VendorCall, 'path' | 'deadlineSeconds'>

type Document = Readonly<Record<string, unknown>>

const OPTION = {
  introspection_endpoint: 'introspectionEndpoint',
  revocation_endpoint: 'revocationEndpoint',
} as const

const LIFETIME = 10 * 60

/** Finds an issuer's endpoints: those that were given, the others in its discovery document. */
export class EndpointFinder {
  readonly #api: VendorApi
  readonly #issuer: string | undefined
  readonly #given: Readonly<Record<EndpointName, string | undefined>>
  #remembered: { readonly document: Document; readonly at: number } | undefined

  constructor(
    api: VendorApi,
    where: {
      readonly issuer: string | undefined
      readonly given: Readonly<Record<EndpointName, string | undefined>>
    },
  ) {
    this.#api = api
    this.#issuer = where.issuer
    this.#given = where.given
  }

  /** The address of an endpoint. What finding it takes is part of the operation's time. */
  async find(name: EndpointName, asking: Asking): Promise<Found> {
    const given = this.#given[name]
    if (given !== undefined) return { path: given }
    const advice = `Give oauthTokens.${OPTION[name]}`
    if (this.#issuer === undefined) {
      throw failure(asking, `no ${name} is known, and there is no issuer to ask for it`, advice)
    }
    const started = timers.elapsed()
    const document = await this.#document(this.#issuer, asking)
    const address = text(document, name)
    if (address === undefined) {
      throw failure(asking, `the discovery document of the issuer names no ${name}`, advice)
    }
    if (!isUsableEndpoint(this.#issuer, address)) {
      throw failure(asking, `the ${name} in the discovery document is no address to send a token to`, advice)
    }
    // Only a document that served is kept: what it lacks may be mended before the next call.
    if (this.#remembered?.document !== document) this.#remembered = { document, at: timers.elapsed() }
    return { path: address, ...this.#api.timeLeft(started) }
  }

  async #document(issuer: string, asking: Asking): Promise<Document> {
    const remembered = this.#remembered
    if (remembered !== undefined && timers.elapsed() - remembered.at < LIFETIME) return remembered.document
    const document = await this.#fetch(issuer, asking)
    // RFC 8414 section 3.3: a document of another issuer would send tokens and our secret to strangers.
    if (text(document, 'issuer') !== issuer) {
      throw failure(
        asking,
        'the discovery document is not that of the issuer given',
        'Check oauthTokens.issuer: it must be what the document says, to the letter',
      )
    }
    return document
  }

  async #fetch(issuer: string, asking: Asking): Promise<Document> {
    const started = timers.elapsed()
    // Member by member: what else an operation holds, the token above all, is no matter of discovery.
    const { operation, signal } = asking
    const call = { operation, signal, method: 'GET', headers: {}, isRead: true, secrets: [] } as const
    const [first, second] = discoveryAddresses(issuer)
    try {
      return (await this.#api.call({ ...call, path: first })).json
    } catch (error) {
      if (!(error instanceof ManagementError) || !isNotFound(error.status) || first === second) throw error
      return (await this.#api.call({ ...call, path: second, ...this.#api.timeLeft(started) })).json
    }
  }
}

function failure({ operation }: Asking, problem: string, advice: string): ManagementError {
  return new ManagementError({ vendor: 'oauth', operation, problem, advice })
}
