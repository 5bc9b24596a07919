import type { Clock } from '../../util/clock.js'
import type { AttemptOutcome, AttemptRequest } from './attempt.js'
import type { IssuerBackoff } from './backoff.js'
import type { RequestLimits } from './refusal-pauses.js'
import type { RequestSlots } from './request-slots.js'
import type { TokenReport } from './token-report.js'

/** Settings of every cached token of a source. */
export interface CachedTokenSettings {
  readonly clock: Clock
  /** Whether a caller waits for a renewal that is due, instead of receiving the old token meanwhile. */
  readonly isRenewalBlocking: boolean
  /** Backoff shared by all requests to the same issuer. */
  readonly issuerBackoff: IssuerBackoff
  /** Limits the token requests in flight of all sets. */
  readonly slots: RequestSlots
  /** Whether tokens have an age limit, so that a renewal must not return an existing one. */
  readonly isAgeLimited: boolean
}

/** What belongs to one audience and scope set. */
export interface TokenSet extends RequestLimits {
  readonly report: TokenReport
  /** Sends a token request. */
  readonly attempt: (needs: Omit<AttemptRequest, 'parameters'>) => Promise<AttemptOutcome>
  /** Called with a refused token. */
  readonly onRefused: (token: string) => void
}
