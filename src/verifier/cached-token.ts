import {
  createAccessToken,
  optionalTime,
  type AccessToken,
  type TokenFacts,
  type VerificationSource,
} from '../model/access-token.js'
import type { Decision } from '../model/decision.js'
import { isBoundToKey, namesClient, type Claims } from '../model/claims.js'
import type { VerificationKey } from '../model/verification-key.js'
import { isRecord, ownMember } from '../util/members.js'
import type { ProvenFacts } from './confirmation.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import { weighClaims, weighToken } from './token-weight.js'

/** What verification found out about a token. */
export interface VerifiedFacts extends ProvenFacts {
  readonly issuer: ConnectedIssuer
  /** Whether the token is bound to a key. */
  readonly isBound: boolean
  /** When the token came and was verified, in seconds since the epoch; `NaN` for tokens that the issuer verified. */
  readonly verifiedAt: number
  /** The key that verified the signature; absent for tokens that the issuer confirmed. */
  readonly key: VerificationKey | undefined
  /** When the issuer last confirmed the token remotely, on the monotonic clock in seconds. */
  readonly confirmedElapsed: number | undefined
  /** What a JWT stated itself, if a confirmation has narrowed it. */
  readonly proven: ProvenFacts | undefined
  /** Bytes of heap that the claims take. */
  readonly claimsWeight: number
}

/** A verified token, and where its facts came from. */
export interface ResolvedToken {
  readonly cached: CachedToken
  readonly source: VerificationSource
}

/**
 * A cache entry: facts of one token, never a decision. What follows from facts that cannot change is computed once,
 * here, and not on every request.
 */
export class CachedToken implements VerifiedFacts {
  readonly issuer: ConnectedIssuer
  readonly token: AccessToken
  readonly notBefore: number | undefined
  readonly verifiedAt: number
  readonly key: VerificationKey | undefined
  readonly confirmedElapsed: number | undefined
  // Copied to own properties, so that absent claims are never read from a polluted prototype.
  readonly issuedAt: number | undefined
  readonly expiresAt: number | undefined
  readonly statedSubject: string | undefined
  readonly namesClient: boolean
  /** The client id; the subject if no claim names a client. */
  readonly client: string | undefined
  /**
   * Seconds from issue to expiry as the token itself states them, infinite if it does not: an earlier expiry in a
   * confirmation does not make a token one that was minted for a shorter time.
   */
  readonly lifetime: number
  /** What the token stated itself, before any confirmation. */
  readonly proven: ProvenFacts
  /** Whether one of the token's audiences is ours (RFC 7519 section 4.1.3), compared as strings. */
  readonly matchesAudience: boolean
  /** Whether the token is bound to a key. */
  readonly isBound: boolean
  /** The result of a cache hit. */
  readonly cachedResult: ResolvedToken
  /** The decision about a request that is accepted with this token. */
  readonly acceptedDecision: Decision
  readonly claimsWeight: number
  /** Bytes of heap that the entry takes. */
  readonly weight: number
  /** Number of cache hits. */
  useCount = 0

  constructor({
    issuer,
    token,
    notBefore,
    statedSubject,
    namesClient,
    isBound,
    verifiedAt,
    key,
    confirmedElapsed,
    proven,
    claimsWeight,
  }: VerifiedFacts) {
    this.issuer = issuer
    this.token = token
    this.notBefore = notBefore
    this.verifiedAt = verifiedAt
    this.key = key
    this.confirmedElapsed = confirmedElapsed
    this.issuedAt = ownMember(token, 'issuedAt')
    this.expiresAt = ownMember(token, 'expiresAt')
    this.statedSubject = statedSubject
    this.namesClient = namesClient
    this.client = ownMember(token, 'clientId') ?? (namesClient ? undefined : token.subject)
    this.proven = proven ?? this
    this.lifetime = lifetimeOf(this.proven.token)
    this.claimsWeight = claimsWeight
    this.weight = claimsWeight + weighToken(token) + (proven === undefined ? 0 : weighToken(proven.token))
    this.matchesAudience =
      issuer.audience === null || issuer.audience.some((name) => token.audience.includes(name))
    this.isBound = isBound
    this.cachedResult = { cached: this, source: 'cache' }
    this.acceptedDecision = Object.freeze({ outcome: 'accepted', token })
  }
}

function lifetimeOf(token: AccessToken): number {
  const issuedAt = ownMember(token, 'issuedAt')
  const expiresAt = ownMember(token, 'expiresAt')
  return issuedAt === undefined || expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - issuedAt
}

/** How a token was verified. */
export interface VerificationRecord extends Pick<
  VerifiedFacts,
  'issuer' | 'verifiedAt' | 'key' | 'confirmedElapsed'
> {
  readonly format: AccessToken['format']
  readonly digest: string
  /** When the issuer confirmed the token, in seconds since the epoch. */
  readonly confirmedAt: number | undefined
  /** The claims, if they are frozen already. */
  readonly frozen: TokenFacts['claims'] | undefined
}

/**
 * The cache entry of a token whose facts were verified.
 *
 * @throws TypeError if a custom issuer returned facts of a wrong type.
 */
export function cachedTokenFrom(facts: TokenFacts, record: VerificationRecord): CachedToken {
  const { issuer, verifiedAt, key, confirmedElapsed, format, digest, confirmedAt, frozen } = record
  const { name: issuerName, provider } = issuer.issuer
  const { claims } = facts
  const signed = frozen ?? claims
  const parsedWeight = isRecord(claims) ? weighClaims(claims, LARGEST_PARSED_CLAIMS) : undefined
  const isLarge = parsedWeight !== undefined && parsedWeight > LARGEST_PARSED_CLAIMS
  const text = isLarge ? JSON.stringify(claims) : undefined
  const token = createAccessToken(facts, {
    format,
    issuerName,
    provider,
    digest,
    confirmedAt,
    frozen,
    text,
  })
  return new CachedToken({
    issuer,
    token,
    notBefore: optionalTime(facts, 'notBefore'),
    statedSubject: statesSubject(facts, frozen) ? facts.subject : undefined,
    // A custom reader may leave a claim out: what the signed JWT says counts as well.
    namesClient: token.clientId !== undefined || namesClient(claims) || namesClient(signed),
    isBound: isBoundToKey(claims) || (signed !== claims && isBoundToKey(signed)),
    verifiedAt,
    key,
    confirmedElapsed,
    proven: undefined,
    claimsWeight: text === undefined ? (parsedWeight ?? LARGEST_PARSED_CLAIMS) : 2 * text.length,
  })
}

/** Whether the subject is one that the issuer states, as `sub` or at Authlete `subject`, and not the client id in its place. */
function statesSubject({ subject, clientId, claims }: TokenFacts, signed: Claims | undefined): boolean {
  if (subject !== clientId || (ownMember(claims, 'sub') ?? undefined) !== undefined) return true
  return (
    ownMember(claims, 'subject') === subject || (signed !== undefined && ownMember(signed, 'sub') === subject)
  )
}

/**
 * Bytes of heap beyond which claims are kept as JSON and parsed when they are read. Parsed, they take up to 21 times as
 * much as their text, and their sender chooses them.
 */
const LARGEST_PARSED_CLAIMS = 16 * 1024
