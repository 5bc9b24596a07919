import { causeOf } from '../model/refusal/refusal.js'
import { adviceFor } from '../telemetry/failure-advice.js'
import type { IssuerHealth } from './connection/issuer-health.js'
import type { ConnectedIssuer } from './connection/issuer-connection.js'
import type { CacheHealth, TokenCache } from './token-cache.js'

/** State of a verifier and its issuers, returned by `verifier.health()`. */
export interface VerifierHealth {
  /** `ok` if every issuer is `ok`, `down` if every issuer is `down`, otherwise `degraded`. */
  readonly status: 'ok' | 'degraded' | 'down'
  /** One entry per configured issuer, in the order of the `issuers` option. */
  readonly issuers: readonly IssuerHealth[]
  /** Size of the token cache; absent while it is empty. */
  readonly cache?: CacheHealth
}

/**
 * Loads discovery documents and keys of all issuers.
 *
 * @throws AggregateError as a rejection. Its message names each failed issuer, the URL, what came back and what to do.
 */
export async function loadAll(issuers: readonly ConnectedIssuer[]): Promise<void> {
  const failures = (await Promise.all(issuers.map(loadOne))).filter((failure) => failure !== undefined)
  if (failures.length === 0) return
  throw new AggregateError(
    failures.map(({ error }) => error),
    `not ready: ${failures.map(({ name, error }) => `${name} (${describe(error)})`).join(', ')}`,
  )
}

interface LoadFailure {
  readonly name: string
  readonly error: unknown
}

async function loadOne(connected: ConnectedIssuer): Promise<LoadFailure | undefined> {
  const { name } = connected.issuer
  try {
    const error = await connected.load()
    return error === undefined ? undefined : { name, error }
  } catch (error) {
    return { name, error }
  }
}

function describe(error: unknown): string {
  const failure = causeOf(error)
  const advice = adviceFor(failure)
  return advice === '' ? failure : `${failure}. ${advice}`
}

/** Returns a snapshot of all issuers. Makes no network call. */
export function healthOf(issuers: readonly ConnectedIssuer[], cache: TokenCache): VerifierHealth {
  const health = issuers.map((issuer) => issuer.health())
  const isAll = (status: IssuerHealth['status']): boolean =>
    health.every((issuer) => issuer.status === status)
  const status = isAll('ok') ? 'ok' : isAll('down') ? 'down' : 'degraded'
  const size = cache.size()
  const isEmpty = size.accepted.tokens + size.refused.tokens === 0
  return { status, issuers: health, ...(isEmpty ? {} : { cache: size }) }
}
