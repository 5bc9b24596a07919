import { assertPlain, withChanges, type AccessToken, type StatedFacts } from '../model/access-token.js'
import { findOtherKind, isBoundToKey, namesClient, type Claims } from '../model/claims.js'
import { failureOf } from '../model/detail/explain.js'
import type { VerificationFailure } from '../model/refusal/refusal.js'
import { commonScopes } from '../model/scopes.js'
import { isRecord, isStringList, ownMember } from '../util/members.js'
import { phrase } from '../util/quote.js'
import type { ConnectedIssuer } from './connection/issuer-connection.js'

/** Facts that the signature of a JWT proves, before its issuer has confirmed it. */
export interface ProvenFacts {
  readonly token: AccessToken
  readonly notBefore: number | undefined
  /** The subject, unless the client id takes its place. */
  readonly statedSubject: string | undefined
  /** Whether a claim names a client, including claims that the issuer's reader ignores. */
  readonly namesClient: boolean
  /** Claims in the issuer's confirmation; `undefined` without one. */
  readonly confirmedClaims: Claims | undefined
}

/**
 * Narrows the facts of a JWT to those that its issuer confirms. Facts that the response does not state are unchanged:
 * `{ "active": true }` confirms all of them. Scopes and audiences are intersected. The earlier expiry and the later `nbf`
 * apply. A response about another issuer, subject, client or token id is a failure. A subject, client, token id or audience
 * that the JWT lacks is taken from the response.
 *
 * @returns the narrowed facts, or failure `token_inactive`, `audience_mismatch`, `proof_missing`, `type_not_allowed` or `claim_invalid`.
 * @throws TypeError if a custom issuer returned facts of a wrong type.
 */
export function narrowToConfirmed(
  proven: ProvenFacts,
  stated: StatedFacts,
  { issuer, audience: configuredAudience }: ConnectedIssuer,
  confirmedAt: number,
): ProvenFacts | VerificationFailure {
  assertPlain(stated)
  const { token, notBefore } = proven
  const failure = kindFailure(stated) ?? identityFailure(proven, stated)
  if (failure !== undefined) return failure
  const statedAudience = listOf(stated, 'audience')
  const audience = audienceOf(token, statedAudience, configuredAudience)
  if (audience === undefined) {
    const values = { stated: statedAudience, audience: token.audience, configured: configuredAudience }
    return failureOf('audience_mismatch', 'confirmed', values)
  }
  const scopes = listOf(stated, 'scopes')
  const expiresAt = earliest(ownMember(token, 'expiresAt'), timeOf(stated, 'expiresAt'))
  const clientId = ownMember(token, 'clientId') ?? firstOf(ownMember(stated, 'clientId'))
  const tokenId = ownMember(token, 'tokenId') ?? firstOf(ownMember(stated, 'tokenId'))
  const statedSubject = proven.statedSubject ?? firstOf(ownMember(stated, 'subject'))
  return {
    token: withChanges(token, {
      ...(clientId === undefined ? {} : { clientId }),
      ...(tokenId === undefined ? {} : { tokenId }),
      ...(statedSubject === undefined ? {} : { subject: statedSubject }),
      audience,
      scopes: scopes === undefined ? token.scopes : commonScopes(token.scopes, scopes, issuer.scopeMatcher),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      confirmedAt,
    }),
    notBefore: latest(notBefore, timeOf(stated, 'notBefore')),
    statedSubject,
    namesClient:
      proven.namesClient ||
      ownMember(stated, 'namesClient') === true ||
      namesClient(ownMember(stated, 'claims') ?? {}),
    confirmedClaims: ownMember(stated, 'claims'),
  }
}

/** Refuses tokens bound to a key, which need a proof of possession (RFC 7800), and refresh and ID tokens. */
function kindFailure(stated: StatedFacts): VerificationFailure | undefined {
  const claims = ownMember(stated, 'claims')
  if (!isRecord(claims)) return undefined
  if (isBoundToKey(claims)) {
    return failureOf('proof_missing', 'introspected_cnf', {})
  }
  const claim = findOtherKind(claims)
  if (claim === undefined) return undefined
  const values = { claim: phrase(claim), kind: ownMember(claims, claim) }
  return failureOf('type_not_allowed', 'introspected_kind', values)
}

function identityFailure(
  { token, statedSubject }: ProvenFacts,
  stated: StatedFacts,
): VerificationFailure | undefined {
  const differs = (name: string, proven: string | undefined, values: unknown): boolean => {
    if (values === undefined || values === null) return false
    const list = typeof values === 'string' ? [values] : values
    if (!isStringList(list)) throw wrongFact(name)
    return proven !== undefined && !list.includes(proven)
  }
  const facts = [
    ['issuer', 'issuer', token.issuer],
    ['subject', 'subject', statedSubject],
    ['clientId', 'client', ownMember(token, 'clientId')],
    ['tokenId', 'token id', ownMember(token, 'tokenId')],
  ] as const
  for (const [name, fact, provenValue] of facts) {
    const value = ownMember(stated, name)
    if (differs(name, provenValue, value))
      return failureOf('token_inactive', 'other', { fact: phrase(fact), stated: value, proven: provenValue })
  }
  return undefined
}

/** The value, or the first of a list. The comparison in {@link identityFailure} has validated the types. */
function firstOf(values: string | readonly string[] | null | undefined): string | undefined {
  return typeof values === 'string' ? values : values?.[0]
}

/**
 * The audiences in both token and response; `undefined` if they lack the configured one. The audiences of the response if
 * the JWT has none, which is possible only with `audience: null`.
 */
function audienceOf(
  token: AccessToken,
  stated: readonly string[] | undefined,
  configured: readonly string[] | null,
): readonly string[] | undefined {
  if (stated === undefined) return token.audience
  if (configured === null && token.audience.length === 0) return Object.freeze([...stated])
  const common = token.audience.filter((name) => stated.includes(name))
  if (configured !== null && !configured.some((name) => common.includes(name))) return undefined
  return Object.freeze(common)
}

function listOf(stated: StatedFacts, name: 'scopes' | 'audience'): readonly string[] | undefined {
  const list: unknown = ownMember(stated, name)
  if (list === undefined || isStringList(list)) return list
  throw wrongFact(name)
}

function timeOf(stated: StatedFacts, name: 'expiresAt' | 'notBefore'): number | undefined {
  const time: unknown = ownMember(stated, name)
  if (time === undefined || (typeof time === 'number' && !Number.isNaN(time))) return time
  throw wrongFact(name)
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

function wrongFact(name: string): TypeError {
  return new TypeError(
    `the facts returned by the issuer: ${name} has a wrong type. Correct readConfirmation or read of the issuer`,
  )
}
