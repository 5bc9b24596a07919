import { fingerprintOf, tokenDigest } from '../model/token-digest.js'
import { credentialsOf, maskSecrets, pathOf } from './request-path.js'
import type { GuardedRequest } from '../model/request.js'
import type { Decision, DecisionEvent, DecisionStage, GuardMode } from '../model/decision.js'
import type { AccessToken, VerificationSource } from '../model/access-token.js'
import type { Refusal } from '../model/refusal/refusal.js'

/** A verified token with its issuer and the source of its facts. */
export interface VerifiedToken {
  readonly token: AccessToken
  /** The configured issuer's name. */
  readonly issuer: string
  readonly source: VerificationSource
}

/** Input and duration of a decision. */
export interface DecisionCircumstances {
  /** The token; empty if the request has no readable one. */
  readonly token: string
  /** The token's digest; empty if the token is not readable. */
  readonly digest: string
  /** The verified token; `undefined` if verification failed. */
  readonly verified: VerifiedToken | undefined
  /** The request; `undefined` for `verify()`, which takes only a token. */
  readonly request: GuardedRequest | undefined
  readonly mode: GuardMode
  readonly stage: DecisionStage
  /** Scopes that the policies mention. */
  readonly required: readonly string[]
  /** Header from which the token was read, if it was not `Authorization`. */
  readonly header: string | undefined
  /** Whether the request passes without a token, because its guard is optional. */
  readonly passesWithoutToken: boolean
  readonly durationMs: number
}

/** Creates the event of a decision. It never contains a token. */
export function eventOf(decision: Decision, circumstances: DecisionCircumstances): DecisionEvent {
  const { token, digest, verified, request, mode, stage, durationMs } = circumstances
  const refusal = decision.outcome === 'accepted' ? undefined : decision.refusal
  const issuerName = verified?.issuer ?? refusal?.issuer
  const source = verified?.source ?? refusal?.source
  const fingerprint = fingerprintIn(token, digest, refusal)
  const detail = detailOf(refusal, token)
  const required = Object.freeze(refusal?.required?.slice() ?? circumstances.required)
  return {
    outcome: circumstances.passesWithoutToken ? 'accepted' : decision.outcome,
    ...(refusal === undefined ? {} : { reason: refusal.reason }),
    ...(detail === undefined ? {} : { detail }),
    ...(required.length === 0 ? {} : { required }),
    ...(issuerName === undefined ? {} : { issuer: issuerName }),
    ...(verified === undefined ? {} : factsOf(verified.token)),
    ...(source === undefined ? {} : { source }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    durationMs,
    ...requestFieldsOf(request, token, circumstances.header),
    mode,
    stage,
  }
}

/** The detail. A custom issuer or rule may have put the token into it, which is masked. */
function detailOf(refusal: Refusal | undefined, token: string): string | undefined {
  const detail = refusal?.detail
  // A token that is too large, or no string in JavaScript, was not read, so nothing can quote it.
  if (detail === undefined || typeof token !== 'string' || refusal?.reason === 'token_too_large')
    return detail
  return token === '' ? detail : maskSecrets(detail, [token])
}

function fingerprintIn(token: string, digest: string, refusal: Refusal | undefined): string | undefined {
  if (token === '' || refusal?.reason === 'token_malformed') return undefined
  // The digest of a token that is too long has not been computed yet.
  return fingerprintOf(digest === '' ? tokenDigest(token) : digest)
}

/**
 * The method and the path of the request. Its credentials are masked in both, because some callers send them there too.
 * Omits both if a hand-made request object throws.
 */
function requestFieldsOf(
  request: GuardedRequest | undefined,
  token: string,
  header: string | undefined,
): Pick<DecisionEvent, 'method' | 'path'> {
  if (request === undefined) return {}
  try {
    const { method } = request as { readonly method?: unknown }
    const path = pathOf(request)
    // If a token was read, it is the only value of its header.
    const secrets = token === '' ? credentialsOf(request, header) : [token]
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
