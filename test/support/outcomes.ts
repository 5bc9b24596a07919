import { Refusal, type Decision, type Policy, type RefusalReason, type Verifier } from '../../src/index.js'

/** What a verifier makes of a token: `'accepted'`, or the reason of the refusal. */
export type Outcome = 'accepted' | RefusalReason

/** The outcome of `verify`; any error but a refusal fails the test. */
export async function outcomeOf(work: PromiseLike<unknown>): Promise<Outcome> {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}

/** The outcome of `authorize`. */
export function reasonOf(decision: Decision): Outcome {
  return decision.outcome === 'accepted' ? 'accepted' : decision.refusal.reason
}

/** The refusal that `verify` rejects with; any other outcome fails the test. */
export function refusalOf(work: PromiseLike<unknown>): Promise<Refusal> {
  return failureOf(work, Refusal)
}

type ErrorClass<T extends Error> = abstract new (...args: never) => T

/** The error that a promise rejects with, of the given class; any other outcome fails the test. */
export async function failureOf<T extends Error = Error>(
  work: PromiseLike<unknown>,
  kind: ErrorClass<T> = Error as unknown as ErrorClass<T>,
): Promise<T> {
  try {
    await work
  } catch (error) {
    if (error instanceof kind) return error
    throw error
  }
  throw new Error(`expected a ${kind.name}, but the promise was fulfilled`)
}

/** What a function throws; `undefined` if it returns. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

/** What the caller of an API gets: the parts of a decision that become its response. */
export interface Answer {
  readonly status: number
  readonly reason: Outcome
  /** `Retry-After`, in seconds. */
  readonly retryAfter: number | undefined
  /** `WWW-Authenticate`. */
  readonly challenge: string | undefined
}

/** What the sender of a request with this token gets. */
export async function answerTo(verifier: Verifier, token: string, policy?: Policy): Promise<Answer> {
  const decision = await verifier.authorize({ headers: { authorization: `Bearer ${token}` } }, policy)
  if (decision.outcome === 'accepted') {
    return { status: 200, reason: 'accepted', retryAfter: undefined, challenge: undefined }
  }
  const { status, reason, headers } = decision.refusal
  const retryAfter = headers['Retry-After']
  return {
    status,
    reason,
    retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
    challenge: headers['WWW-Authenticate'],
  }
}
