import { deepFreeze } from '../../util/freeze.js'
import { isStringList, nonEmptyString, ownMember, record, string } from '../../util/members.js'

/** An M2M client of a Stytch project. Frozen, including its metadata. Stytch stores no times with it. */
export interface StytchClient {
  /** Client id: `m2m-client-test-…`, or any string for an imported client. */
  readonly clientId: string
  /** Display name (`client_name`); empty if the client has none. */
  readonly clientName: string
  /** Description (`client_description`); empty if the client has none. */
  readonly clientDescription: string
  /** An inactive client obtains no tokens. Its existing tokens stay valid until they expire. */
  readonly status: StytchClientStatus
  /** Scopes that the client may request. */
  readonly scopes: readonly string[]
  /** Last four characters of the secret, to identify it. */
  readonly clientSecretLastFour: string
  /** Last four characters of the next secret; `null` if no rotation is open. */
  readonly nextClientSecretLastFour: string | null
  /** Metadata that the project stores with the client. */
  readonly trustedMetadata: Readonly<Record<string, unknown>>
}

/** Whether a client may obtain tokens. */
export type StytchClientStatus = 'active' | 'inactive'

/** A {@link StytchClient} with its secret, which is returned only once. */
export interface StytchCreatedClient extends StytchClient {
  /** Client secret. Not enumerable, so that logs, JSON and copies of the result leave it out. */
  readonly clientSecret: string
}

/** A {@link StytchClient} with its next secret, which is returned only once. */
export interface StytchRotatingClient extends StytchClient {
  /**
   * Next client secret, valid in addition to the current one. Not enumerable, so that logs, JSON and copies leave
   * it out.
   */
  readonly nextClientSecret: string
}

type Members = Readonly<Record<string, unknown>>

/** Reads Stytch's `m2m_client`. Returns a string that names the problem if it is incomplete. */
export function readStytchClient(json: Members | undefined): StytchClient | string {
  if (json === undefined) return 'no client'
  const clientId = nonEmptyString(json, 'client_id')
  const status = string(json, 'status')
  const scopes = ownMember(json, 'scopes')
  if (clientId === undefined) return 'no client id'
  if (status !== 'active' && status !== 'inactive') return 'a client without a valid status'
  if (!isStringList(scopes)) return 'a client without scopes'
  return {
    clientId,
    clientName: string(json, 'client_name') ?? '',
    clientDescription: string(json, 'client_description') ?? '',
    status,
    scopes: Object.freeze([...scopes]),
    clientSecretLastFour: string(json, 'client_secret_last_four') ?? '',
    // Stytch does not document whether this is absent, null or empty if no rotation is open.
    nextClientSecretLastFour: nonEmptyString(json, 'next_client_secret_last_four') ?? null,
    trustedMetadata: deepFreeze(record(json, 'trusted_metadata') ?? {}),
  }
}
