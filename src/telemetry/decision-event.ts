import { fingerprintOf, tokenDigest } from '../model/token-digest.js'
import { pathOf } from './request-path.js'
import type { GuardedRequest } from '../model/request.js'
import type { Decision, DecisionEvent, GuardMode } from '../model/decision.js'
import type { AccessToken, VerificationSource } from '../model/access-token.js'
import type { Refusal } from '../model/refusal.js'

/** A token whose facts were found: whose it is, and where they came from. */
export interface VerifiedToken {
  readonly token: AccessToken
  /** The configured issuer's name. */
  readonly issuer: string
  readonly source: VerificationSource
}

/** How a decision came about. */
export interface DecisionCircumstances {
  /** The token of the request; empty if it has no readable one. */
  readonly token: string
  /** The token's digest; empty if the token is not readable. */
  readonly digest: string
  /** The token's facts, once they were found. */
  readonly verified: VerifiedToken | undefined
  /** Absent where a token alone was decided about. */
  readonly request: GuardedRequest | undefined
  readonly mode: GuardMode
  readonly durationMs: number
}

/** What an observer is told of a decision: nothing that could be used as a token. */
export function eventOf(
  decision: Decision,
  { token, digest, verified, request, mode, durationMs }: DecisionCircumstances,
): DecisionEvent {
  const refusal = decision.outcome === 'accepted' ? undefined : decision.refusal
  const { method, path } = placeOf(request)
  const shownPath = withoutToken(path, token)
  const issuerName = verified?.issuer ?? refusal?.issuer
  const source = verified?.source ?? refusal?.source
  const fingerprint = fingerprintIn(token, digest, refusal)
  return {
    outcome: decision.outcome,
    ...(refusal === undefined ? {} : { reason: refusal.reason }),
    ...(issuerName === undefined ? {} : { issuer: issuerName }),
    ...(verified === undefined ? {} : factsOf(verified.token)),
    ...(source === undefined ? {} : { source }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    durationMs,
    ...(method === undefined ? {} : { method }),
    ...(shownPath === undefined ? {} : { path: shownPath }),
    mode,
  }
}

function fingerprintIn(token: string, digest: string, refusal: Refusal | undefined): string | undefined {
  if (token === '' || refusal?.reason === 'token_malformed') return undefined
  // A token that is too long is refused before its digest is needed.
  return fingerprintOf(digest === '' ? tokenDigest(token) : digest)
}

/** Of a request that was put together by hand nothing is sure, and a decision is reported all the same. */
function placeOf(request: GuardedRequest | undefined): Pick<DecisionEvent, 'method' | 'path'> {
  if (request === undefined) return {}
  try {
    const { method } = request as { readonly method?: unknown }
    const path = pathOf(request)
    return {
      ...(typeof method === 'string' ? { method } : {}),
      ...(path === undefined ? {} : { path }),
    }
  } catch {
    return {}
  }
}

/** Shorter texts are no secret, and whoever sends one must not blot out what is reported of the path. */
const SHORTEST_SECRET = 16

/** Some callers put their token into the address as well: it is not reported from there either. */
function withoutToken(path: string | undefined, bearer: string): string | undefined {
  if (path === undefined) return path
  // Most paths are shorter than most tokens.
  if (bearer.length < SHORTEST_SECRET || path.length < bearer.length) return path
  // As it came first: what came as a token may have escapes of its own.
  const masked = path.replaceAll(bearer, MASK)
  const plain = masked.replace(ESCAPE, (escape) => decodedIfIn(bearer, escape))
  return plain.includes(bearer) ? plain.replaceAll(bearer, MASK) : masked
}

const MASK = '[token]'

/** An encoded character of ASCII (RFC 3986 section 2.1), also one that was encoded again on its way. */
const ESCAPE = /%(?:25)*[2-7][0-9a-f]/gi

/** Only characters that the token has: whatever else is encoded stays so. */
function decodedIfIn(bearer: string, escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(-2), 16))
  return bearer.includes(character) ? character : escape
}

function factsOf({ provider, format, clientId, subject, tokenId }: AccessToken): Partial<DecisionEvent> {
  return {
    provider,
    format,
    subject,
    ...(clientId === undefined ? {} : { clientId }),
    ...(tokenId === undefined ? {} : { tokenId }),
  }
}
