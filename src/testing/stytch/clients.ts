import type { TestClient } from '../state/clients.js'
import { randomString } from '../state/providers.js'

/** An M2M client of the Stytch project. */
export interface StytchClientRecord {
  readonly clientId: string
  /** Grows from client to client: where a search goes on. */
  readonly sequence: number
  name: string
  description: string
  status: 'active' | 'inactive'
  /** What it may ask for; `null` anything, which only a client that a test has registered may. */
  scopes: readonly string[] | null
  secret: string
  /** Good beside the current one while a rotation is open. */
  nextSecret: string | null
  metadata: Readonly<Record<string, unknown>>
}

/** What is known of a client at first; the rest is as Stytch has it. */
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

  /** Registers a client that a test has made; one of the same id is replaced. */
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

  /** The client these credentials belong to; while a rotation is open, either of its secrets does. */
  authenticate(
    clientId: string | undefined,
    clientSecret: string | undefined,
  ): StytchClientRecord | undefined {
    const client = clientId === undefined ? undefined : this.#clients.get(clientId)
    if (client === undefined || clientSecret === undefined) return undefined
    return [client.secret, client.nextSecret].includes(clientSecret) ? client : undefined
  }
}

/** A client's secret as Stytch makes one up. */
export function newClientSecret(): string {
  return randomString(32)
}

/** `m2m_client` of a response. A secret is in it only where it is shown for the one time. */
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
