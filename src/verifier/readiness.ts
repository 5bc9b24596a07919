import type { ConnectedIssuer, IssuerHealth } from './issuer-connection.js'

/** What a verifier knows of itself and its issuers. */
export interface VerifierHealth {
  /** `ok`; `degraded` if an issuer is not ok; `down` if none can be relied on. */
  readonly status: 'ok' | 'degraded' | 'down'
  readonly issuers: readonly IssuerHealth[]
}

/**
 * Loads discovery documents and keys of all issuers.
 *
 * @throws AggregateError, as a rejection, that names each failed issuer and why.
 */
export async function loadAll(issuers: readonly ConnectedIssuer[]): Promise<void> {
  const failures = (await Promise.all(issuers.map(loadOne))).filter((failure) => failure !== undefined)
  if (failures.length === 0) return
  throw new AggregateError(
    failures.map(({ error }) => error),
    `not ready: ${failures.map(({ name, error }) => `${name} (${causeOf(error)})`).join(', ')}`,
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

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** A snapshot of all issuers; makes no call. */
export function healthOf(issuers: readonly ConnectedIssuer[]): VerifierHealth {
  const health = issuers.map((issuer) => issuer.health())
  const isAll = (status: IssuerHealth['status']): boolean =>
    health.every((issuer) => issuer.status === status)
  return { status: isAll('ok') ? 'ok' : isAll('down') ? 'down' : 'degraded', issuers: health }
}
