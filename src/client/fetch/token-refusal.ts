import { ConfigurationError } from '../../options/configuration-error.js'
import { custom, type Reader } from '../../options/reader.js'
import { readChallenges, type Challenge } from './challenge.js'

/** Decides whether a 401 means that another token may be accepted. */
export type RetryDecision = (response: Response) => boolean

/** Reads the `retryOn401` option. */
export const retryOn401: Reader<RetryDecision> = custom(
  { type: 'false or function', isOptional: true },
  (option, value) => {
    if (value === undefined) return isTokenRefusal
    if (value === false) return () => false
    if (typeof value !== 'function') {
      throw new ConfigurationError(
        option,
        'must be false, or a function that returns whether to send the request again. Leave it out for the default',
      )
    }
    const decide = value as (response: Response) => unknown
    return (response) => {
      const decision = decide(response)
      if (typeof decision === 'boolean') return decision
      throw new ConfigurationError(option, 'must return true or false, and not a promise')
    }
  },
)

/**
 * Whether a 401 is about the bearer token: it has no challenge, or a `Bearer` challenge whose error is absent or
 * `invalid_token` (RFC 6750 section 3). With the challenge of another scheme alone, no other bearer token would help.
 */
function isTokenRefusal({ headers }: Response): boolean {
  const header = headers.get('www-authenticate')
  if (header === null || header.trim() === '') return true
  return bearerChallenges(header).some(isAboutTheToken)
}

/**
 * Returns the `max_age` of a `Bearer` challenge: the age in seconds from which the API refuses a token. A guard of m2m-guard
 * sends it with a token that is older than its `maxTokenAge`. With another error, `max_age` is the age of the authentication of
 * a user (RFC 9470 section 3).
 */
export function ageLimitOf({ headers }: Response): number | undefined {
  const limits = bearerChallenges(headers.get('www-authenticate') ?? '')
    .filter(isAboutTheToken)
    .map(({ parameters }) => parameters.get('max_age') ?? '')
    .filter((text) => /^\d{1,9}$/.test(text))
  return limits.length === 0 ? undefined : Math.min(...limits.map(Number))
}

function bearerChallenges(header: string): readonly Challenge[] {
  return readChallenges(header).filter(({ scheme }) => scheme === 'bearer')
}

function isAboutTheToken({ parameters }: Challenge): boolean {
  const error = parameters.get('error')
  return error === undefined || error === 'invalid_token'
}
