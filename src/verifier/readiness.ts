import type { ConnectedIssuer, IssuerHealth } from './issuer-connection.js'

/** What a verifier knows of itself and its issuers. */
export interface VerifierHealth {
  /** `ok`; `degraded` if an issuer is not ok; `down` if none can be relied on. */
  readonly status: 'ok' | 'degraded' | 'down'
  readonly issuers: readonly IssuerHealth[]
}

export async function loadAll(issuers: readonly ConnectedIssuer[]): Promise<void> {
  const outcomes = await Promise.allSettled(issuers.map((issuer) => issuer.load()))
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected'
      ? [{ name: issuers[index]?.issuer.name ?? '', error: outcome.reason as unknown }]
      : [],
  )
  if (failures.length === 0) return
  throw new AggregateError(
    failures.map(({ error }) => error),
    `not ready: ${failures.map(({ name, error }) => `${name} (${causeOf(error)})`).join(', ')}`,
  )
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  return error.cause instanceof Error ? error.cause.message : error.message
}

export function healthOf(issuers: readonly ConnectedIssuer[]): VerifierHealth {
  const health = issuers.map((issuer) => issuer.health())
  const isAll = (status: IssuerHealth['status']): boolean =>
    health.every((issuer) => issuer.status === status)
  return { status: isAll('ok') ? 'ok' : isAll('down') ? 'down' : 'degraded', issuers: health }
}
