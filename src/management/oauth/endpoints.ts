import { discover, usableEndpoint } from '../../http/discovery.js'
import { ManagementError } from '../api/management-error.js'
import { string, type UntrustedObject } from '../../util/members.js'
import { elapsedLifetime, timers } from '../../util/timers.js'
import type { VendorApi } from '../api/vendor-api.js'
import type { VendorCall } from '../api/call.js'

/** The member of a discovery document that holds an endpoint (RFC 8414 section 2). */
export type EndpointName = 'introspection_endpoint' | 'revocation_endpoint'

/** The operation that needs an endpoint. */
export type Operation = Pick<VendorCall, 'operation' | 'signal'>

/** Where an endpoint is, and how much of the operation's time is left. */
type ResolvedEndpoint = Pick<VendorCall, 'path' | 'deadlineSeconds'>

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
  #remembered: { readonly document: UntrustedObject; readonly at: number } | undefined

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
  async find(name: EndpointName, asking: Operation): Promise<ResolvedEndpoint> {
    const given = this.#given[name]
    if (given !== undefined) return { path: given }
    const advice = `Give oauthTokens.${OPTION[name]}`
    if (this.#issuer === undefined) {
      throw failure(asking, `no ${name} is known, and there is no issuer to ask for it`, advice)
    }
    const started = timers.elapsed()
    const document = await this.#document(this.#issuer, asking)
    if (string(document, name) === undefined) {
      throw failure(asking, `the discovery document of the issuer names no ${name}`, advice)
    }
    const address = usableEndpoint(this.#issuer, document, name)
    if (address === undefined) {
      throw failure(asking, `the ${name} in the discovery document is no address to send a token to`, advice)
    }
    // Only a document that served is kept: what it lacks may be mended before the next call.
    if (this.#remembered?.document !== document) this.#remembered = { document, at: elapsedLifetime() }
    return { path: address, ...this.#api.remainingDeadline(started) }
  }

  async #document(issuer: string, asking: Operation): Promise<UntrustedObject> {
    const remembered = this.#remembered
    if (remembered !== undefined && elapsedLifetime() - remembered.at < LIFETIME) return remembered.document
    // Field by field: what else an operation holds, the token above all, must not be sent with discovery.
    const { operation, signal } = asking
    const call = { operation, signal, method: 'GET', headers: {}, isRead: true, secrets: [] } as const
    const deadline = this.#api.deadlineSeconds
    const { metadata } = await discover(issuer, {
      get: (path, spent) =>
        this.#api.call({ ...call, path, deadlineSeconds: Math.max(0.001, deadline - spent) }),
      metadataOf: ({ json }) => json,
      unusable: () =>
        failure(
          asking,
          'the discovery document is not that of the issuer given',
          'Check oauthTokens.issuer: it must be what the document says, to the letter',
        ),
    })
    return metadata
  }
}

function failure({ operation }: Operation, problem: string, advice: string): ManagementError {
  return new ManagementError({ vendor: 'oauth', operation, problem, advice })
}
