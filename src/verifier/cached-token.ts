import { type AccessToken, type VerificationSource } from '../model/access-token.js'
import { ownMember } from '../util/members.js'
import type { Decision } from '../model/decision.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import type { VerificationKey } from '../model/verification-key.js'

/** What was found out about a token. */
export interface TokenFindings {
  readonly issuer: ConnectedIssuer
  readonly token: AccessToken
  readonly notBefore: number | undefined
  /** The key that vouches for it; absent for tokens the issuer vouched for. */
  readonly key: VerificationKey | undefined
  /** When the issuer last vouched for it remotely, on the elapsed clock. */
  readonly confirmedElapsed: number | undefined
}

/** A token's facts and where they came from. */
export interface ResolvedToken {
  readonly cached: CachedToken
  readonly source: VerificationSource
}

/**
 * What is remembered of a token: facts, never a decision. Whatever follows from facts that cannot change is worked
 * out once, here, and not with every request.
 */
export class CachedToken implements TokenFindings {
  readonly issuer: ConnectedIssuer
  readonly token: AccessToken
  readonly notBefore: number | undefined
  readonly key: VerificationKey | undefined
  readonly confirmedElapsed: number | undefined
  // What is judged, as members of their own: one that the token has not must not be read from a polluted prototype.
  readonly issuedAt: number | undefined
  readonly expiresAt: number | undefined
  readonly clientId: string | undefined
  /** Whether it was issued for an audience of ours (RFC 7519 section 4.1.3), compared as text. */
  readonly matchesAudience: boolean
  /** What recalling it gives. */
  readonly cachedResult: ResolvedToken
  /** What is said of a request that is accepted with it. */
  readonly acceptedDecision: Decision
  /** How often it was recalled since it was found. */
  useCount = 0

  constructor({ issuer, token, notBefore, key, confirmedElapsed: answeredAt }: TokenFindings) {
    this.issuer = issuer
    this.token = token
    this.notBefore = notBefore
    this.key = key
    this.confirmedElapsed = answeredAt
    this.issuedAt = ownMember(token, 'issuedAt')
    this.expiresAt = ownMember(token, 'expiresAt')
    this.clientId = ownMember(token, 'clientId')
    this.matchesAudience =
      issuer.audience === null || issuer.audience.some((name) => token.audience.includes(name))
    this.cachedResult = { cached: this, source: 'cache' }
    this.acceptedDecision = Object.freeze({ outcome: 'accepted', token })
  }
}
