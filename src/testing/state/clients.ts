import { randomUUID } from 'node:crypto'
import { parseDuration, type Duration } from '../../options/duration.js'
import { clientKeys, type ClientKey } from '../oauth/client-assertion.js'
import { randomLetters, randomString } from './providers.js'

/** A client that may obtain tokens with its secret, and introspect. */
export interface TestClient {
  readonly clientId: string
  readonly clientSecret: string
  /** What it may ask for; `null` anything. Without a request it gets all of these. */
  readonly scopes: readonly string[] | null
  /** The audience of its tokens where it asks for none. */
  readonly audience: string | readonly string[]
  /** The keys it signs its assertions with; a client with keys has no use for its secret at the OAuth issuer. */
  readonly keys?: readonly ClientKey[]
  /** The audiences and resources it may ask for; absent: any. */
  readonly audiences?: readonly string[]
  /** How long its tokens live, in seconds; absent: an hour. */
  readonly tokenLifetime?: number
}

/** Options of {@link TestClient}; what is left out is made up. */
export interface TestClientOptions {
  /** Where the client is registered. Default `'oauth'`. */
  readonly provider?: 'oauth' | 'stytch'
  readonly clientId?: string
  readonly clientSecret?: string
  /** What the client may ask for. Default: anything. */
  readonly scopes?: string | readonly string[]
  /** Default: the test issuer's own; at Stytch the project, always. */
  readonly audience?: string | readonly string[]
  /** The audiences and resources it may ask for. Default: any. OAuth clients only. */
  readonly audiences?: string | readonly string[]
  /** How long its tokens live, from 1 s: seconds, or `'5m'`. Default `'1h'`. OAuth clients only. */
  readonly tokenLifetime?: Duration
  /** The public key of a client that signs assertions (`private_key_jwt`), as PEM. OAuth clients only. */
  readonly publicKey?: string
  /** Its public keys as a JWK Set, in place of one. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
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

  /** The client these credentials belong to. One that has keys proves itself with them, and with nothing else. */
  authenticate(clientId: string | undefined, clientSecret: string | undefined): TestClient | undefined {
    const client = clientId === undefined ? undefined : this.#clients.get(clientId)
    return client?.clientSecret === clientSecret && client?.keys === undefined ? client : undefined
  }
}

/** A machine of the Clerk instance. */
export interface ClerkMachine {
  /** `mch_…` */
  readonly id: string
  /** `ak_…`: what the machine creates and verifies tokens with. */
  readonly secretKey: string
  /** The machines that its tokens may be presented to. */
  readonly scopes: readonly string[]
}

/** The machines of the Clerk instance, by the part they play. */
export interface ClerkMachines {
  /** The machine whose key `issuer.clerk()` verifies with: our API. */
  readonly receiver: ClerkMachine
  /** A machine that may call the receiver: the subject of minted tokens. */
  readonly sender: ClerkMachine
  /** A machine with no access to the receiver, and the other way round. */
  readonly stranger: ClerkMachine
}

/** Makes the machines of an instance. */
export function createClerkMachines(): ClerkMachines {
  const machine = (scopes: readonly string[]): ClerkMachine => ({
    id: `mch_${randomLetters(27)}`,
    secretKey: `ak_${randomLetters(40)}`,
    scopes,
  })
  const receiver = machine([])
  return { receiver, sender: machine([receiver.id]), stranger: machine([]) }
}

/** Makes up the credentials that are left out. */
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
    ...(options.audiences === undefined ? {} : { audiences: [options.audiences].flat() }),
    ...(options.tokenLifetime === undefined
      ? {}
      : { tokenLifetime: parseDuration('addClient.tokenLifetime', options.tokenLifetime, { min: 1 }) }),
  }
}
