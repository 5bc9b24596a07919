import { randomUUID } from 'node:crypto'
import { parseDuration, type Duration } from '../../options/duration.js'
import { clientKeys, type ClientKey } from '../oauth/client-assertion.js'
import type { FederatedIdentity } from '../oauth/federated.js'
import { randomLetters, randomString } from './providers.js'

/** A client that can obtain and introspect tokens. */
export interface TestClient {
  /** Client id for token and introspection requests. */
  readonly clientId: string
  /** Client secret for token and introspection requests. */
  readonly clientSecret: string
  /** Scopes that the client may request; `null` for any. All of them are granted if a request names none. */
  readonly scopes: readonly string[] | null
  /** Audience of its tokens if the request names none. */
  readonly audience: string | readonly string[]
  /** Keys of its assertions. A client with keys cannot authenticate with its secret at the OAuth issuer. */
  readonly keys?: readonly ClientKey[]
  /** Identity of a platform with whose tokens the client authenticates, in place of a secret. */
  readonly federated?: FederatedIdentity
  /** Audiences and resources that the client may request; absent for any. */
  readonly audiences?: readonly string[]
  /** Lifetime of its tokens in seconds; absent for an hour. */
  readonly tokenLifetime?: number
}

/** Options of a {@link TestClient}. Absent credentials are generated. */
export interface TestClientOptions {
  /**
   * Provider at which the client is registered.
   *
   * @defaultValue `'oauth'`
   */
  readonly provider?: 'oauth' | 'stytch'
  /** Client id. Generated if absent. */
  readonly clientId?: string
  /** Client secret. Generated if absent. */
  readonly clientSecret?: string
  /**
   * Scopes that the client may request.
   *
   * @defaultValue any scope
   */
  readonly scopes?: string | readonly string[]
  /**
   * Audience of its tokens if the request names none. At Stytch it is always the project.
   *
   * @defaultValue the test issuer's audience
   */
  readonly audience?: string | readonly string[]
  /**
   * Audiences and resources that the client may request. OAuth clients only.
   *
   * @defaultValue any audience
   */
  readonly audiences?: string | readonly string[]
  /**
   * Lifetime of its tokens, at least 1 s: seconds, or `'5m'`. OAuth clients only.
   *
   * @defaultValue `'1h'`
   */
  readonly tokenLifetime?: Duration
  /** Public key of its assertions (`private_key_jwt`) as PEM. OAuth clients only. */
  readonly publicKey?: string
  /** Public keys of its assertions as a JWK Set, instead of `publicKey`. */
  readonly jwks?: {
    /** Public keys as JWKs (RFC 7517 section 4). */
    readonly keys: readonly Readonly<Record<string, unknown>>[]
  }
  /**
   * Identity of a platform, such as Kubernetes or GitHub Actions, with whose tokens the client authenticates in place of a
   * secret. OAuth clients only.
   *
   * @defaultValue none
   */
  readonly federated?: FederatedIdentity
}

/** The clients registered at one provider. */
export class ClientStore {
  readonly #clients = new Map<string, TestClient>()

  add(client: TestClient): TestClient {
    this.#clients.set(client.clientId, client)
    return client
  }

  find(clientId: string): TestClient | undefined {
    return this.#clients.get(clientId)
  }

  /** Returns the client with these credentials. A client with keys or a federated identity cannot use its secret. */
  authenticate(clientId: string | undefined, clientSecret: string | undefined): TestClient | undefined {
    const client = clientId === undefined ? undefined : this.#clients.get(clientId)
    const hasSecret = client?.keys === undefined && client?.federated === undefined
    return hasSecret && client?.clientSecret === clientSecret ? client : undefined
  }
}

/** A machine of the Clerk instance. */
export interface ClerkMachine {
  /** Id of the machine (`mch_…`). */
  readonly id: string
  /** Secret key (`ak_…`), with which the machine creates and verifies tokens. */
  readonly secretKey: string
  /** Ids of the machines that accept its tokens. */
  readonly scopes: readonly string[]
}

/** The machines of the Clerk instance by role. */
export interface ClerkMachines {
  /** The machine whose key `issuer.clerk()` uses: the guarded API. */
  readonly receiver: ClerkMachine
  /** A machine that may call the receiver. It is the default subject of minted tokens. */
  readonly sender: ClerkMachine
  /** A machine that cannot call the receiver, and that the receiver cannot call. */
  readonly stranger: ClerkMachine
}

/** Creates the machines of an instance. */
export function createClerkMachines(): ClerkMachines {
  const machine = (scopes: readonly string[]): ClerkMachine => ({
    id: `mch_${randomLetters(27)}`,
    secretKey: `ak_${randomLetters(40)}`,
    scopes,
  })
  const receiver = machine([])
  return { receiver, sender: machine([receiver.id]), stranger: machine([]) }
}

/** Creates a client and generates absent credentials. */
export function createClient(options: TestClientOptions, defaultAudience: string): TestClient {
  const { scopes } = options
  return {
    clientId:
      options.clientId ??
      (options.provider === 'stytch' ? `m2m-client-test-${randomUUID()}` : randomString(9)),
    clientSecret: options.clientSecret ?? randomString(24),
    scopes: scopes === undefined ? null : typeof scopes === 'string' ? scopes.split(' ') : scopes,
    audience: options.audience ?? defaultAudience,
    ...clientKeys(options),
    ...(options.federated === undefined ? {} : { federated: options.federated }),
    ...(options.audiences === undefined ? {} : { audiences: [options.audiences].flat() }),
    ...(options.tokenLifetime === undefined
      ? {}
      : { tokenLifetime: parseDuration('addClient.tokenLifetime', options.tokenLifetime, { min: 1 }) }),
  }
}
