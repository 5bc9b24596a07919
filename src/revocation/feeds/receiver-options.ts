import { ConfigurationError } from '../../options/configuration-error.js'
import { custom, type Reader } from '../../options/reader.js'
import { isRecord } from '../../util/members.js'
import { FeedError, invalid, notStored } from './exchange.js'
import { TARGET } from '../read-target.js'
import type { RevocationResult, RevocationTarget, TokenTarget } from '../revocations.js'

/** What revokes: a verifier, which checks the issuer of a target, or revocations without one. */
export interface Revoker {
  /** Revokes a target. */
  readonly revoke: (target: RevocationTarget) => Promise<RevocationResult>
}

/** A target that a receiver may revoke. */
export type ReceivedTarget = RevocationTarget | TokenTarget

/** Reads the `verifier` option of a receiver. */
export const revoker: Reader<Revoker> = custom('Verifier or Revocations', (option, value) => {
  const isRevoker = isRecord(value) && typeof value['revoke'] === 'function'
  if (isRevoker && !('verify' in value && value['revocations'] === undefined))
    return value as unknown as Revoker
  throw new ConfigurationError(
    option,
    'must be a verifier that was created with the option revocations, or the revocations themselves',
  )
})

/**
 * Returns the default of `before` for tokens that were issued before a time: the end of its second, because `iat` has whole
 * seconds. `undefined` leaves it to the revocation, if that time is now.
 *
 * @throws FeedError for a time in the future, because it would refuse tokens that are issued later.
 */
export function cutoffAt(time: number, now: number, tolerance: number): number | undefined {
  if (!(time >= 0 && time <= now + tolerance)) throw invalid('the time of the event is in the future')
  const before = Math.floor(time) + 1
  return before > now ? undefined : before
}

/**
 * Adds the time of a message to a cutoff without `before`. Otherwise each repetition would refuse tokens that were issued later.
 *
 * @param before - computes the time; `undefined` leaves it to the revocation, because that time is now.
 */
export function withCutoff(target: ReceivedTarget, before: () => number | undefined): ReceivedTarget {
  const isCutoff = 'clientId' in target || 'subject' in target
  if (!isCutoff || 'before' in target) return target
  const time = before()
  return time === undefined ? target : { ...target, before: time }
}

/** Converts the error for an invalid target. The message of that error is about this service, and is not for the sender. */
export type ToError = (error: ConfigurationError) => FeedError

/**
 * Creates the conversion of errors that are about this service: one process warning names the option, and the sender gets 500, so
 * that it repeats the message.
 */
export function faultOf(option: string): ToError {
  let isWarned = false
  return ({ message }) => {
    if (!isWarned)
      process.emitWarning(`${option}: a target is invalid, so that the sender gets 500: ${message}`, {
        code: 'M2M_GUARD_FUNCTION_FAILURE',
      })
    isWarned = true
    return new FeedError(500, 'server_error', 'the message could not be processed. Repeat it later')
  }
}

/**
 * Creates the conversion of errors about what a message states: the sender gets 400 with `problem`. An issuer was allowed by the
 * option, so that an error about it is one of this service.
 */
export function messageError(option: string, problem: string): ToError {
  const fault = faultOf(option)
  return (error) => (error.option === `${TARGET}.issuer` ? fault(error) : invalid(problem))
}

/**
 * Revokes the targets of a message.
 *
 * @throws FeedError as a rejection: that of `toError` for an invalid target, 503 if a revocation is not stored.
 */
export async function revokeReceived(
  verifier: Revoker,
  targets: readonly ReceivedTarget[],
  toError: ToError,
): Promise<void> {
  for (const target of targets) {
    // Revocations without a verifier refuse a target that is a token, because they know no issuer.
    await verifier.revoke(target as RevocationTarget).catch((error: unknown) => {
      throw error instanceof ConfigurationError ? toError(error) : notStored()
    })
  }
}
