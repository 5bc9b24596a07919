import { causeOf } from '../model/refusal/refusal.js'
import { adviceFor } from '../telemetry/failure-advice.js'
import type { IssuerHealth } from './connection/issuer-health.js'
import type { ConnectedIssuer } from './connection/issuer-connection.js'
import type { Revocations, RevocationsHealth } from '../revocation/revocations.js'
import type { Answers } from '../store/answers.js'
import type { StoreHealth } from '../store/guarded-store.js'
import type { CacheHealth, TokenCache } from './token-cache.js'

/** State of a verifier and its issuers, returned by `verifier.health()`. */
export interface VerifierHealth {
  /**
   * `ok` if every issuer, the revocations and the shared results are `ok`, `down` if every issuer is `down` or the revocations are,
   * otherwise `degraded`.
   */
  readonly status: 'ok' | 'degraded' | 'down'
  /** One entry per configured issuer, in the order of the `issuers` option. */
  readonly issuers: readonly IssuerHealth[]
  /** State of the revocations; absent without the option `revocations`. */
  readonly revocations?: RevocationsHealth
  /** State of the store of introspection results; absent without the option `answers`. */
  readonly answers?: StoreHealth
  /** Size of the token cache; absent while it is empty. */
  readonly cache?: CacheHealth
}

/**
 * Loads discovery documents and keys of all issuers, and the revocations.
 *
 * @throws AggregateError as a rejection. Its message names each failed issuer, the URL, what came back and what to do.
 */
export async function loadAll(
  issuers: readonly ConnectedIssuer[],
  revocations: Revocations | undefined,
): Promise<void> {
  const loading = issuers.map((connected) => failureOf(connected.issuer.name, () => connected.load()))
  if (revocations !== undefined)
    loading.push(
      failureOf(
        'revocations',
        () => revocations.ready(),
        () => STORE_ADVICE,
      ),
    )
  const failures = (await Promise.all(loading)).filter((failure) => failure !== undefined)
  if (failures.length === 0) return
  throw new AggregateError(
    failures.map(({ error }) => error),
    `not ready: ${failures.map((failure) => `${failure.name} (${describe(failure)})`).join(', ')}`,
  )
}

/** What to do if the revocations cannot be read. */
const STORE_ADVICE = 'Check that the client of the store is connected, and its address and credentials'

interface LoadFailure {
  readonly name: string
  readonly error: unknown
  /** Returns what to do about a failure, by its message. */
  readonly advise: (failure: string) => string
}

async function failureOf(
  name: string,
  load: () => Promise<unknown>,
  advise = adviceFor,
): Promise<LoadFailure | undefined> {
  try {
    const error = await load()
    return error === undefined ? undefined : { name, error, advise }
  } catch (error) {
    return { name, error, advise }
  }
}

function describe({ error, advise }: LoadFailure): string {
  const failure = causeOf(error)
  const advice = advise(failure)
  return advice === '' ? failure : `${failure}. ${advice}`
}

/** Returns a snapshot of all issuers, of the cache, of the revocations and of the shared results. Makes no network call. */
export function healthOf(
  issuers: readonly ConnectedIssuer[],
  cache: TokenCache,
  {
    revocations,
    answers,
  }: {
    readonly revocations: Revocations | undefined
    readonly answers: Answers | undefined
  },
): VerifierHealth {
  const health = issuers.map((issuer) => issuer.health())
  const isAll = (status: IssuerHealth['status']): boolean =>
    health.every((issuer) => issuer.status === status)
  const status = isAll('ok') ? 'ok' : isAll('down') ? 'down' : 'degraded'
  const size = cache.size()
  const isEmpty = size.accepted.tokens + size.refused.tokens === 0
  const state = revocations?.health()
  const store = answers?.health()
  const overall = store?.status === 'degraded' && status === 'ok' ? 'degraded' : status
  return {
    status: state === undefined ? overall : withRevocations(overall, state.status),
    issuers: health,
    ...(isEmpty ? {} : { cache: size }),
    ...(state === undefined ? {} : { revocations: state }),
    ...(store === undefined ? {} : { answers: store }),
  }
}

/** While the revocations are unknown, no token can be checked. */
function withRevocations(
  issuers: VerifierHealth['status'],
  revocations: RevocationsHealth['status'],
): VerifierHealth['status'] {
  if (issuers === 'down' || revocations === 'down') return 'down'
  return issuers === 'ok' ? revocations : 'degraded'
}
