import { isTemporaryStatus, retry } from '../../http/retry.js'
import { waitFor, within } from '../../util/abort.js'
import { backoff } from '../../util/backoff.js'
import { timers } from '../../util/timers.js'
import { Deadline } from '../../http/deadline.js'
import { TokenSourceError } from '../errors.js'
import type { Grant, GrantContext, IssuedToken, TokenParameters } from '../grants/grant.js'
import { unreadableResponseError } from '../grants/issuer-request.js'
import type { KnownTokens } from './known-tokens.js'
import { HeldToken, readMoment, type LifetimeSettings, type Moment } from './held-token.js'

/** Settings of every attempt of a source. */
export interface AttemptSettings extends LifetimeSettings {
  readonly deadlineSeconds: number
  readonly grant: Grant
  /** The tokens that no error may contain. */
  readonly known: KnownTokens
  /** Aborted when the source is closed. */
  readonly closing: AbortSignal
}

/** A token request: its parameters, and whether the issuer must not return an existing token. */
export interface AttemptRequest {
  readonly parameters: TokenParameters
  readonly isFreshRequired: boolean
  /** Whether no token of another process may be used. */
  readonly isNewRequired: boolean
  /** The token that the new one replaces, if there is one. */
  readonly replaced: string | undefined
}

/** Result of an attempt. A failure that says nothing about the issuer starts no backoff. */
export type AttemptOutcome =
  | { readonly held: HeldToken }
  | { readonly error: unknown; readonly isBackoffNeeded: boolean }

/** Shortest and longest pause in seconds before the second request after a temporary failure. */
const RETRY_PAUSE = [0.05, 0.25] as const
/** Pauses in seconds after tokens that have already ended, before jitter. Only the deadline ends them. */
const ENDED_PAUSES = { first: 0.25, longest: Number.POSITIVE_INFINITY }
/** A deadline that passes so many seconds late says that this process did not run, and nothing about the issuer. */
const LATE_SECONDS = 1

/**
 * Obtains a token within the deadline. If the deadline passes late, because the process or the machine was stopped meanwhile,
 * the attempt is repeated once.
 */
export async function attemptToken(
  settings: AttemptSettings,
  request: AttemptRequest,
): Promise<AttemptOutcome> {
  const first = await attemptOnce(settings, request)
  return 'error' in first && first.isRepeatable ? attemptOnce(settings, request) : first
}

async function attemptOnce(
  settings: AttemptSettings,
  request: AttemptRequest,
): Promise<{ held: HeldToken } | { error: unknown; isBackoffNeeded: boolean; isRepeatable: boolean }> {
  const started = readMoment(settings.clock)
  try {
    const { issued, requested } = await obtainWithinDeadline(settings, request)
    const held = new HeldToken(issued, requested, settings)
    if (
      !request.isFreshRequired &&
      (issued.age ?? 0) > 0 &&
      held.isDue(requested, Number.POSITIVE_INFINITY)
    ) {
      // The issuer returned an existing token that is too old already.
      return await attemptOnce(settings, { ...request, isFreshRequired: true, replaced: held.token })
    }
    if (held.isUsable(readMoment(settings.clock))) return { held }
    throw unreadableResponseError('the token expired before it was received')
  } catch (error) {
    const hasResponse = error instanceof TokenSourceError && error.status !== undefined
    const isLate = !hasResponse && isLateSince(settings, started)
    const isUnreadable = error instanceof TokenSourceError && error.reason === 'answer_unreadable'
    return {
      error,
      isRepeatable: isLate && !isUnreadable,
      isBackoffNeeded: !isLate && !(error instanceof EndedTokenError),
    }
  }
}

function isLateSince({ clock, deadlineSeconds }: AttemptSettings, started: Moment): boolean {
  return clock.elapsed() - started.elapsed > deadlineSeconds + LATE_SECONDS
}

/** Until the deadline passed, the issuer returned only tokens that had ended. It will issue another one shortly. */
class EndedTokenError extends TokenSourceError {}

/** A token, and when it was requested. Its times count from its own request, not from an earlier one that failed. */
interface Obtained {
  readonly issued: IssuedToken
  readonly requested: Moment
}

async function obtainWithinDeadline(
  settings: AttemptSettings,
  { parameters, ...needs }: AttemptRequest,
): Promise<Obtained> {
  const { deadlineSeconds: seconds, closing, clock, grant, known } = settings
  let readNames: readonly string[] | undefined
  const reading: GrantContext['reading'] = async (names, read) => {
    readNames = names
    const value = await read()
    readNames = undefined
    return value
  }
  // The error names the part that was pending: the credential or the issuer.
  const late = (): TokenSourceError =>
    readNames === undefined ? issuerTimeoutError(seconds) : credentialTimeoutError(seconds, readNames)
  const deadline = new Deadline(seconds)
  return within({ seconds, signal: closing, late }, (signal) =>
    obtainCurrent(seconds, signal, () =>
      obtainTwice(signal, deadline.remaining(), async () => {
        const requested = readMoment(clock)
        const context = { signal, closing, ...needs, reading, tokensIn: known.in }
        const issued = await grant.obtain(parameters, context)
        known.add(issued.token)
        return { issued, requested }
      }),
    ),
  )
}

/**
 * Requests a token until it has a lifetime. An issuer that returns the same token until it ends says `expires_in: 0` in its
 * last second.
 */
async function obtainCurrent(
  seconds: number,
  signal: AbortSignal,
  obtain: () => Promise<Obtained>,
): Promise<Obtained> {
  for (let left = seconds, requests = 1; ; requests += 1) {
    const obtained = await obtain()
    if (obtained.issued.lifetime !== 0) return obtained
    const pause = backoff(requests, ENDED_PAUSES) * (1 - Math.random() / 2)
    left -= pause
    if (left <= 0) throw endedError(seconds)
    await wait(pause, signal)
  }
}

/** Sends a second request after a temporary failure, if the deadline allows it. */
async function obtainTwice(
  signal: AbortSignal,
  deadlineSeconds: number,
  obtain: () => Promise<Obtained>,
): Promise<Obtained> {
  const outcome = await retry<Obtained | { readonly error: unknown }>(
    { deadlineSeconds, retries: 1, pauses: RETRY_PAUSE, signal },
    () => obtain().catch((error: unknown) => ({ error })),
    (attempted) => 'error' in attempted && isTemporary(attempted.error),
  )
  if ('error' in outcome) throw outcome.error
  return outcome
}

/** Whether a second request may help: no response, or the response of a load balancer. */
function isTemporary(error: unknown): boolean {
  if (!(error instanceof TokenSourceError) || error.reason !== 'issuer_unavailable') return false
  const { status, retryAfter } = error
  return retryAfter === undefined && (status === undefined || isTemporaryStatus(status))
}

function wait(seconds: number, signal: AbortSignal): Promise<void> {
  // The signal also stops the timer. `waitFor` rejects with the signal's reason, which the timer's error would hide.
  return waitFor(timers.pause(seconds, signal), signal)
}

function issuerTimeoutError(seconds: number): TokenSourceError {
  return new TokenSourceError({
    reason: 'issuer_unavailable',
    problem: `the issuer did not return a token within ${seconds} s`,
    advice: 'The next request is sent after the backoff',
  })
}

function credentialTimeoutError(seconds: number, names: readonly string[]): TokenSourceError {
  return new TokenSourceError({
    reason: 'credentials_unavailable',
    problem: `${names.join(' or ')}: the credential function or promise did not return within ${seconds} s, so that no token request was sent`,
    advice: 'Check the secret store it reads from',
  })
}

function endedError(seconds: number): TokenSourceError {
  return new EndedTokenError({
    reason: 'answer_unreadable',
    problem: `the issuer returned only tokens that had already ended (expires_in: 0) for ${seconds} s`,
    advice: 'Call again, or check how long the issuer caches its tokens',
  })
}
