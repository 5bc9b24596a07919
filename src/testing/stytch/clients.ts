import type { TestClient } from '../state/clients.js'
import { randomString } from '../state/providers.js'

/** An M2M client of the Stytch project. */
export interface StytchClientRecord {
  readonly clientId: string
  /** Increases with each client. A search continues after it. */
  readonly sequence: number
  name: string
  description: string
  status: 'active' | 'inactive'
  /** Scopes that the client may request; `null` for any scope, which only a client registered by a test may have. */
  scopes: readonly string[] | null
  secret: string
  /** Next secret, valid in addition to the current one while a rotation is open. */
  nextSecret: string | null
  metadata: Readonly<Record<string, unknown>>
}

/** Initial values of a client. The others are Stytch's defaults. */
export type NewStytchClient = Pick<StytchClientRecord, 'clientId' | 'secret' | 'scopes'> &
  Partial<Pick<StytchClientRecord, 'name' | 'description' | 'metadata'>>

/** The M2M clients of the Stytch project, oldest first. */
export class StytchClientStore {
  readonly #clients = new Map<string, StytchClientRecord>()
  #sequence = 0

  create(client: NewStytchClient): StytchClientRecord {
    this.#sequence += 1
    const record: StytchClientRecord = {
      name: '',
      description: '',
      metadata: {},
      ...client,
      sequence: this.#sequence,
      status: 'active',
      nextSecret: null,
    }
    this.#clients.set(record.clientId, record)
    return record
  }

  /** Registers a client for a test. It replaces one with the same id. */
  add(client: TestClient): TestClient {
    const { clientId, clientSecret: secret, scopes } = client
    this.#clients.delete(clientId)
    this.create({ clientId, secret, scopes })
    return client
  }

  find(clientId: string): StytchClientRecord | undefined {
    return this.#clients.get(clientId)
  }

  delete(clientId: string): void {
    this.#clients.delete(clientId)
  }

  list(): readonly StytchClientRecord[] {
    return [...this.#clients.values()]
  }

  /** Returns the client with these credentials. While a rotation is open, both secrets are valid. */
  authenticate(
    clientId: string | undefined,
    clientSecret: string | undefined,
  ): StytchClientRecord | undefined {
    const client = clientId === undefined ? undefined : this.#clients.get(clientId)
    if (client === undefined || clientSecret === undefined) return undefined
    return [client.secret, client.nextSecret].includes(clientSecret) ? client : undefined
  }
}

/** Generates a client secret in Stytch's format. */
export function newClientSecret(): string {
  return randomString(32)
}

/** Creates the `m2m_client` of a response. It contains a secret only if `shown` does. */
export function describeStytchClient(
  client: StytchClientRecord,
  shown: Readonly<Record<string, string>> = {},
): Readonly<Record<string, unknown>> {
  return {
    client_id: client.clientId,
    ...shown,
    client_name: client.name,
    client_description: client.description,
    status: client.status,
    scopes: client.scopes ?? [],
    client_secret_last_four: client.secret.slice(-4),
    trusted_metadata: client.metadata,
    next_client_secret_last_four: client.nextSecret === null ? null : client.nextSecret.slice(-4),
  }
}
