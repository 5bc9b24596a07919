import { fingerprintOf, tokenDigest } from '../model/token-digest.js'
import { credentialsOf, maskSecrets, pathOf } from './request-path.js'
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
    ...placeOf(request, token),
    mode,
  }
}

function fingerprintIn(token: string, digest: string, refusal: Refusal | undefined): string | undefined {
  if (token === '' || refusal?.reason === 'token_malformed') return undefined
  // A token that is too long is refused before its digest is needed.
  return fingerprintOf(digest === '' ? tokenDigest(token) : digest)
}

/**
 * The method and the path, in which the credentials of the request are masked: some callers send them there as well. A
 * request that an application made by hand may be unreadable, and is reported all the same.
 */
function placeOf(request: GuardedRequest | undefined, token: string): Pick<DecisionEvent, 'method' | 'path'> {
  if (request === undefined) return {}
  try {
    const { method } = request as { readonly method?: unknown }
    const path = pathOf(request)
    // A token was read only if there is nothing else in the only header.
    const secrets = token === '' ? credentialsOf(request) : [token]
    return {
      ...(typeof method === 'string' ? { method: maskSecrets(method, secrets) } : {}),
      ...(path === undefined ? {} : { path: maskSecrets(path, secrets) }),
    }
  } catch {
    return {}
  }
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
