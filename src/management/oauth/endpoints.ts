import { discover, usableEndpoint, withAliases } from '../../http/discovery.js'
import { ManagementError } from '../api/management-error.js'
import { elapsedLifetime } from '../../util/timers.js'
import { Deadline } from '../../http/deadline.js'
import { string, type UntrustedObject } from '../../util/members.js'
import type { VendorApi } from '../api/vendor-api.js'
import type { VendorCall } from '../api/call.js'

/** The member of the discovery document that contains the endpoint (RFC 8414 section 2). */
export type EndpointName = 'introspection_endpoint' | 'revocation_endpoint'

/** The operation that needs an endpoint. */
export type Operation = Pick<VendorCall, 'operation' | 'signal'> & {
  /** Certificate of the connection. */
  readonly tls?: VendorCall['tls']
}

/** URL of an endpoint, and the rest of the operation's deadline. */
type ResolvedEndpoint = Pick<VendorCall, 'path' | 'deadlineSeconds'>

const OPTION = {
  introspection_endpoint: 'introspectionEndpoint',
  revocation_endpoint: 'revocationEndpoint',
} as const

const LIFETIME = 10 * 60

/** Finds an issuer's endpoints: the configured ones, and the others in its discovery document. */
export class EndpointFinder {
  readonly #api: VendorApi
  readonly #issuer: string | undefined
  readonly #configured: Readonly<Record<EndpointName, string | undefined>>
  /** Whether the calls present a client certificate, for which there may be other endpoints (RFC 8705 section 5). */
  readonly #usesCertificate: boolean
  #cached: { readonly document: UntrustedObject; readonly at: number } | undefined

  constructor(
    api: VendorApi,
    where: {
      readonly issuer: string | undefined
      readonly configured: Readonly<Record<EndpointName, string | undefined>>
    },
    usesCertificate: boolean,
  ) {
    this.#usesCertificate = usesCertificate
    this.#api = api
    this.#issuer = where.issuer
    this.#configured = where.configured
  }

  /** Returns the URL of an endpoint. Discovery counts toward the operation's deadline. */
  async find(name: EndpointName, pending: Operation): Promise<ResolvedEndpoint> {
    const configured = this.#configured[name]
    if (configured !== undefined) return { path: configured }
    const advice = `Set oauthTokens.${OPTION[name]}`
    if (this.#issuer === undefined) {
      throw failure(pending, `the ${name} is unknown, and there is no issuer to discover it from`, advice)
    }
    const limit = new Deadline(this.#api.deadlineSeconds)
    const document = await this.#document(this.#issuer, pending)
    if (string(document, name) === undefined) {
      throw failure(pending, `the discovery document of the issuer has no ${name}`, advice)
    }
    const metadata = this.#usesCertificate ? withAliases(document) : document
    const url = usableEndpoint(this.#issuer, metadata, name)
    if (url === undefined) {
      throw failure(
        pending,
        `the ${name} in the discovery document is not a URL that a token can be sent to`,
        advice,
      )
    }
    // Only a document with a usable endpoint is cached, because a missing one may be added before the next call.
    if (this.#cached?.document !== document) this.#cached = { document, at: elapsedLifetime() }
    return { path: url, deadlineSeconds: limit.remaining() }
  }

  async #document(issuer: string, pending: Operation): Promise<UntrustedObject> {
    const cached = this.#cached
    if (cached !== undefined && elapsedLifetime() - cached.at < LIFETIME) return cached.document
    // Fields are selected explicitly, so that no other field of the operation, the token above all, is sent with
    // discovery.
    const { operation, signal, tls } = pending
    const call = { operation, signal, tls, method: 'GET', headers: {}, isRead: true, secrets: [] } as const
    const { metadata } = await discover(issuer, {
      deadlineSeconds: this.#api.deadlineSeconds,
      get: (path, deadlineSeconds) => this.#api.call({ ...call, path, deadlineSeconds }),
      metadataOf: ({ json }) => json,
      unusable: () =>
        failure(
          pending,
          'the discovery document names another issuer',
          'Set oauthTokens.issuer to exactly the value in the discovery document',
        ),
    })
    return metadata
  }
}

function failure({ operation }: Operation, problem: string, advice: string): ManagementError {
  return new ManagementError({ vendor: 'oauth', operation, problem, advice })
}
