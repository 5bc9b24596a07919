import { waitFor } from '../../util/abort.js'
import { timers } from '../../util/timers.js'
import { TokenSourceError } from '../errors.js'

/** Waits for a token request, which itself does not keep the process alive. */
export async function wait<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const release = timers.keepAlive()
  try {
    return await waitFor(work, signal)
  } finally {
    release()
  }
}

/** Whether a failure is a response of the issuer. A failure without a backoff came too late to be one. */
export function hasResponse(error: unknown): boolean {
  if (!(error instanceof TokenSourceError) || error.reason === 'source_closed') return true
  if (error.status !== undefined) return true
  return error.reason !== 'issuer_unavailable' && error.retryAfter !== undefined
}

export function isClosed(error: unknown): boolean {
  return error instanceof TokenSourceError && error.reason === 'source_closed'
}
