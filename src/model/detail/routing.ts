import { Refusal } from '../refusal/refusal.js'
import { overlookedDifference } from '../../util/url/issuer-difference.js'
import { phrase, quotable, typeOf } from '../../util/quote.js'
import { explain } from './explain.js'

/** The claims by which JWTs are routed, of a token that no issuer accepts, and what is configured. */
interface UnknownRoute {
  readonly iss: unknown
  readonly sub: unknown
  /** The configured `iss` values. */
  readonly issuers: readonly string[]
  /** The configured beginnings of `sub`. */
  readonly subjects: readonly string[]
}

/** Refuses a JWT that neither its `iss` nor its `sub` routes to a configured issuer. */
export function refuseUnknownIssuer({ iss, sub, issuers, subjects }: UnknownRoute): Refusal {
  const detail = explainUnknownSubject(iss, sub, issuers, subjects) ?? explainUnknownIssuer(iss, issuers)
  return new Refusal('issuer_unknown', { detail })
}

const SPIFFE_ID = 'spiffe://'

/** Explains the `sub` of a token that is more likely meant for an issuer whose tokens are routed by `sub`. */
function explainUnknownSubject(
  iss: unknown,
  sub: unknown,
  issuers: readonly string[],
  subjects: readonly string[],
): (() => string) | undefined {
  if (subjects.length === 0) return undefined
  const prefixes = listOrOnly(subjects)
  if (typeof sub === 'string' && sub.startsWith(SPIFFE_ID) && !subjects.includes(`${sub}/`))
    return explain('issuer_unknown', 'trust_domain', { sub, prefixes })
  if (typeof iss === 'string' && issuers.length > 0) return undefined
  return explain('issuer_unknown', 'subject', { sub, prefixes })
}

function explainUnknownIssuer(iss: unknown, configured: readonly string[]): () => string {
  if (typeof iss !== 'string')
    return explain('issuer_unknown', 'type', {
      type: phrase(typeOf(iss)),
      configured: listOrOnly(configured),
    })
  // Cut, because the search for the closest issuer is deferred until the detail is read.
  const kept = quotable(iss)
  return () => explainOtherIssuer(typeof kept === 'string' ? kept : '', configured)()
}

function listOrOnly(configured: readonly string[]): unknown {
  return configured.length === 1 ? configured[0] : configured
}

function explainOtherIssuer(iss: string, configured: readonly string[]): () => string {
  if (configured.includes(iss)) return explain('issuer_unknown', 'template', { iss })
  for (const name of configured) {
    const difference = overlookedDifference(iss, name)
    if (difference === undefined) continue
    const values = { iss, configured: name, difference: phrase(difference) }
    return explain('issuer_unknown', 'similar', values)
  }
  const closest = closestTo(iss, configured)
  if (closest === undefined) return explain('issuer_unknown', 'unnamed', { iss })
  const count = configured.length
  return count === 1
    ? explain('issuer_unknown', 'only', { iss, configured: closest })
    : explain('issuer_unknown', 'closest', { iss, configured: closest, count })
}

/** Maximum number of configured issuers that are compared, because the sender of a token causes the comparison. */
const MOST_COMPARED = 1000

/** The issuer with the longest common start and end, which takes linear time, unlike an edit distance. */
function closestTo(iss: string, configured: readonly string[]): string | undefined {
  let closest: string | undefined
  let best = -1
  for (const name of configured.slice(0, MOST_COMPARED)) {
    const score = commonLength(iss, name)
    if (score <= best) continue
    best = score
    closest = name
  }
  return closest
}

function commonLength(first: string, second: string): number {
  const length = Math.min(first.length, second.length)
  let start = 0
  while (start < length && first.charCodeAt(start) === second.charCodeAt(start)) start += 1
  let end = 0
  while (
    end < length - start &&
    first.charCodeAt(first.length - 1 - end) === second.charCodeAt(second.length - 1 - end)
  )
    end += 1
  return start + end
}

/** Refuses an encrypted token that no issuer introspects. */
export function refuseEncrypted(iss: unknown): Refusal {
  const detail =
    iss === undefined
      ? explain('token_undecodable', 'encrypted', {})
      : explain('token_undecodable', 'encrypted_issuer', { iss })
  return new Refusal('token_undecodable', { detail })
}

/** Refuses a compact JWS that cannot be decoded. */
export function refuseUndecodable(part: 'header' | 'payload' | 'signature'): Refusal {
  const detail = explain('token_undecodable', part, {})
  return new Refusal('token_undecodable', { detail })
}

/** Refuses a token that a lenient decoder would read as a JWT. */
export function refuseLenientJwt(): Refusal {
  return new Refusal('token_undecodable', { detail: explain('token_undecodable', 'lenient', {}) })
}

/** Refuses a JWT because every issuer accepts opaque tokens only. */
export function refuseJwt(): Refusal {
  return new Refusal('issuer_unknown', { detail: explain('issuer_unknown', 'jwt', {}) })
}

/** Refuses an opaque token that no issuer accepts. */
export function refuseOpaque(token: string, acceptsJwts: boolean, prefixes: readonly string[]): Refusal {
  // With dots it may be a damaged JWT.
  if (acceptsJwts && token.includes('.')) {
    const detail =
      prefixes.length === 0
        ? explain('token_undecodable', 'neither', {})
        : explain('token_undecodable', 'prefix', { prefixes })
    return new Refusal('token_undecodable', { detail })
  }
  const detail =
    prefixes.length === 0
      ? explain('issuer_unknown', 'opaque', {})
      : explain('issuer_unknown', 'prefix', { prefixes })
  return new Refusal('issuer_unknown', { detail })
}
