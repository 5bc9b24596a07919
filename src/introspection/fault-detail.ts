import { explain } from '../model/detail/explain.js'
import { phrase } from '../util/quote.js'
import type { Failure } from './outcome.js'
import { maskIn } from './read-result.js'

/** Maximum number of characters of a URL in a failure, because a discovery document may choose the URL. */
const LONGEST_NAMED = 200

/** Adds the URL of the call to a failure, without its query, which may contain a secret. */
export function withUrl(failure: string, url: string | undefined): string {
  if (url === undefined || !URL.canParse(url)) return failure
  const { origin, pathname } = new URL(url)
  return `${failure} from ${`${origin}${pathname}`.slice(0, LONGEST_NAMED)}`
}

/**
 * Explains a call without a result, for the `detail` of the refusal.
 *
 * @param failure - the fault and the URL of the call.
 * @param since - time of the first failure in a row, in seconds since the epoch.
 */
export function explainFault(
  reason: Failure['fault'] | 'issuer_overloaded',
  failure: string,
  since: number,
  token: string,
  isUnsent: boolean,
): () => string {
  if (reason === 'confirmation_impossible') return explain(reason, 'unsupported', {})
  // A custom reader may quote the response, which may repeat the token.
  const masked = maskIn(failure, token)
  if (isUnsent) return explain('issuer_refused_us', 'credential', { failure: phrase(masked), since })
  if (reason === 'issuer_overloaded') return explain(reason, 'call', { failure: phrase(masked) })
  return explain(reason, 'call', { failure: phrase(masked), since })
}
