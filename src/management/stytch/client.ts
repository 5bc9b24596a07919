import { deepFreeze } from '../../util/freeze.js'
import { isStringList, nonEmptyString, ownMember, record, string } from '../../util/members.js'

/** An M2M client of a Stytch project. Frozen, metadata included. Stytch keeps no times with it. */
export interface StytchClient {
  /** Usually `m2m-client-test-…`, or whatever it was imported under. */
  readonly clientId: string
  readonly clientName: string
  readonly clientDescription: string
  /** An inactive client obtains no tokens. Those it has go on being good until they expire. */
  readonly status: StytchClientStatus
  /** What its tokens may be for. */
  readonly scopes: readonly string[]
  /** The end of its secret, for people to tell one from another. */
  readonly clientSecretLastFour: string
  /** The end of the secret to come; `null` while no rotation is open. */
  readonly nextClientSecretLastFour: string | null
  /** What the project keeps with it. */
  readonly trustedMetadata: Readonly<Record<string, unknown>>
}

export type StytchClientStatus = 'active' | 'inactive'

/** {@link StytchClient} together with its secret, which is shown once. */
export interface StytchCreatedClient extends StytchClient {
  /** Not enumerable: it is left out of logs, JSON and copies of the result. */
  readonly clientSecret: string
}

/** {@link StytchClient} together with the secret to come, which is shown once. */
export interface StytchRotatingClient extends StytchClient {
  /** Good from now on, beside the current secret. Not enumerable: it is left out of logs, JSON and copies. */
  readonly nextClientSecret: string
}

type Members = Readonly<Record<string, unknown>>

/** Reads Stytch's `m2m_client`; a text says what it lacks. */
export function readStytchClient(json: Members | undefined): StytchClient | string {
  if (json === undefined) return 'the client'
  const clientId = nonEmptyString(json, 'client_id')
  const status = string(json, 'status')
  const scopes = ownMember(json, 'scopes')
  if (clientId === undefined) return 'the id of the client'
  if (status !== 'active' && status !== 'inactive') return 'the status of the client'
  if (!isStringList(scopes)) return 'the scopes of the client'
  return {
    clientId,
    clientName: string(json, 'client_name') ?? '',
    clientDescription: string(json, 'client_description') ?? '',
    status,
    scopes: Object.freeze([...scopes]),
    clientSecretLastFour: string(json, 'client_secret_last_four') ?? '',
    // Stytch's own types leave open whether it is absent, null or empty while no rotation is open.
    nextClientSecretLastFour: nonEmptyString(json, 'next_client_secret_last_four') ?? null,
    trustedMetadata: deepFreeze(record(json, 'trusted_metadata') ?? {}),
  }
}
