import { fingerprintOf, tokenDigest } from '../model/token-digest.js'
import { maskTokenIn } from './mask-token.js'
import { credentialsOf, hasFurtherCredentials, maskSecrets, pathOf } from './request-path.js'
import type { GuardedRequest } from '../model/request.js'
import type { Decision, DecisionEvent, DecisionStage, GuardMode } from '../model/decision.js'
import type { AccessToken, VerificationSource } from '../model/access-token.js'
import type { Refusal } from '../model/refusal/refusal.js'
import { ownMember } from '../util/members.js'

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

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Creates the event of a decision. It never contains a token. Absent properties are not set, without spreads, because an
 * event with spreads costs as much as the rest of a decision about a cached token.
 */
export function eventOf(decision: Decision, circumstances: DecisionCircumstances): DecisionEvent {
  const { token, digest, verified, request, mode, stage, durationMs } = circumstances
  const refusal = decision.outcome === 'accepted' ? undefined : decision.refusal
  const event: Writable<DecisionEvent> = {
    outcome: circumstances.passesWithoutToken ? 'accepted' : decision.outcome,
    durationMs,
    mode,
    stage,
  }
  if (refusal !== undefined) setRefusal(event, refusal, token)
  // A refusal of the application may have a list that is not frozen, and observers share the event.
  const required = refusal?.required === undefined ? circumstances.required : [...refusal.required]
  if (required.length > 0) event.required = Object.freeze(required)
  const issuer = verified?.issuer ?? refusal?.issuer
  if (issuer !== undefined) event.issuer = issuer
  if (verified !== undefined) setFacts(event, verified.token)
  const source = verified?.source ?? refusal?.source
  if (source !== undefined) event.source = source
  const fingerprint = verified?.token.fingerprint ?? fingerprintIn(token, digest, refusal)
  if (fingerprint !== undefined) event.fingerprint = fingerprint
  if (request !== undefined) setRequest(event, request, circumstances)
  return event
}

function setRefusal(event: Writable<DecisionEvent>, refusal: Refusal, token: string): void {
  event.reason = refusal.reason
  const detail = detailOf(refusal, token)
  if (detail !== undefined) event.detail = detail
}

function setFacts(event: Writable<DecisionEvent>, token: AccessToken): void {
  event.provider = token.provider
  event.format = token.format
  event.subject = token.subject
  const clientId = ownMember(token, 'clientId')
  if (clientId !== undefined) event.clientId = clientId
  const tokenId = ownMember(token, 'tokenId')
  if (tokenId !== undefined) event.tokenId = tokenId
}

/** The detail. A custom issuer or rule may have put the token into it, which is masked. */
function detailOf(refusal: Refusal | undefined, token: string): string | undefined {
  const detail = refusal?.detail
  // A token that is too large, or no string in JavaScript, was not read, so nothing can quote it.
  if (detail === undefined || typeof token !== 'string' || refusal?.reason === 'token_too_large')
    return detail
  return token === '' ? detail : maskTokenIn(detail, token)
}

function fingerprintIn(token: string, digest: string, refusal: Refusal | undefined): string | undefined {
  if (token === '' || refusal?.reason === 'token_malformed') return undefined
  // The digest of a token that is too long has not been computed yet.
  return fingerprintOf(digest === '' ? tokenDigest(token) : digest)
}

/**
 * Sets the method and the path of the request. Its credentials are masked in both, because some callers send them there
 * too. Sets neither if a hand-made request object throws.
 */
function setRequest(
  event: Writable<DecisionEvent>,
  request: GuardedRequest,
  { token, header, verified }: DecisionCircumstances,
): void {
  try {
    const { method } = request as { readonly method?: unknown }
    const path = pathOf(request)
    const secrets = secretsOf(request, token, header)
    const maskedMethod = typeof method === 'string' ? maskSecrets(method, secrets) : undefined
    const isJwt = secrets.length === 1 && verified?.token.format === 'jwt'
    const maskedPath = path === undefined ? undefined : maskSecrets(path, secrets, isJwt)
    if (maskedMethod !== undefined) event.method = maskedMethod
    if (maskedPath !== undefined) event.path = maskedPath
  } catch {
    // Ignored: see above.
  }
}

/** The credentials of a request. A token that was read is the only value of its header, and most requests send no other. */
function secretsOf(request: GuardedRequest, token: string, header: string | undefined): readonly string[] {
  if (token !== '' && header === undefined && !hasFurtherCredentials(request)) return [token]
  const credentials = credentialsOf(request, header)
  return token === '' || credentials.includes(token) ? credentials : [token, ...credentials]
}
