import {
  createAccessToken,
  optionalTime,
  type AccessToken,
  type TokenFacts,
  type VerificationSource,
} from '../model/access-token.js'
import type { Decision } from '../model/decision.js'
import { isBoundToKey, namesClient, namesOtherClient, type Claims } from '../model/claims.js'
import type { VerificationKey } from '../model/key/verification-key.js'
import { isRecord, ownMember } from '../util/members.js'
import type { Entry } from '../revocation/entry.js'
import type { ProvenFacts } from './confirmation.js'
import type { ConnectedIssuer } from './connection/issuer-connection.js'
import { weighClaims, weighToken } from './token-weight.js'

/** The result of a successful verification. */
export interface VerifiedFacts extends ProvenFacts {
  readonly issuer: ConnectedIssuer
  /** Whether the token is bound to a key. */
  readonly isBound: boolean
  /** Time of the local verification, in seconds since the epoch; `NaN` for tokens that the issuer verified. */
  readonly verifiedAt: number
  /** The key that verified the signature; `undefined` for tokens that the issuer verified. */
  readonly key: VerificationKey | undefined
  /** Time of the issuer's last confirmation, on the monotonic clock in seconds. */
  readonly confirmedElapsed: number | undefined
  /** The facts of the JWT itself, if a confirmation has narrowed them. */
  readonly proven: ProvenFacts | undefined
  /** Heap used by the claims, in bytes. */
  readonly claimsWeight: number
}

/** A verified token and the source of its facts. */
export interface ResolvedToken {
  readonly cached: CachedToken
  readonly source: VerificationSource
}

/**
 * A cache entry with the facts of one token, never a decision. Values that depend only on these facts are computed once
 * in the constructor and not on every request.
 */
export class CachedToken implements VerifiedFacts {
  readonly issuer: ConnectedIssuer
  readonly token: AccessToken
  readonly notBefore: number | undefined
  readonly verifiedAt: number
  readonly key: VerificationKey | undefined
  readonly confirmedElapsed: number | undefined
  // Copied to own properties, so that an absent claim is never read from a polluted prototype.
  readonly issuedAt: number | undefined
  readonly expiresAt: number | undefined
  readonly statedSubject: string | undefined
  readonly namesClient: boolean
  readonly confirmedClaims: Claims | undefined
  /** The client id, or the subject if no claim names a client. */
  readonly client: string | undefined
  /**
   * Seconds from issue to expiry as the token itself states them, infinite if it does not. An earlier expiry in a
   * confirmation does not shorten it, because `maxTokenLifetime` limits the lifetime at issue.
   */
  readonly lifetime: number
  /** The facts of the token itself, before any confirmation. */
  readonly proven: ProvenFacts
  /** Whether the token has one of the configured audiences (RFC 7519 section 4.1.3), compared as strings. */
  readonly matchesAudience: boolean
  /** Whether the token is bound to a key. */
  readonly isBound: boolean
  /** Name of the configured issuer if it has tenants: the template of `iss`. */
  readonly issuerTemplate: string | undefined
  /** The result of a cache hit. */
  readonly cachedResult: ResolvedToken
  /** The decision about a request that is accepted with this token. */
  readonly acceptedDecision: Decision
  readonly claimsWeight: number
  /** Heap used by the entry, in bytes. */
  readonly weight: number
  /** Number of cache hits. */
  useCount = 0
  /** Whether the issuer has confirmed the token to another process, and this one has read its result. */
  isOfOtherProcess = false
  /** Epoch of the revocations at which the token was not revoked. */
  revocationEpoch = -1
  /** The revocation that refuses the token, once one was found. */
  revokedBy: Entry | undefined = undefined
  /** Digest by which the token may be revoked, once it was computed. */
  revocationDigest: string | undefined = undefined

  constructor({
    issuer,
    token,
    notBefore,
    statedSubject,
    namesClient,
    confirmedClaims,
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
    this.confirmedClaims = confirmedClaims
    this.client = ownMember(token, 'clientId') ?? (namesClient ? undefined : token.subject)
    this.proven = proven ?? this
    this.lifetime = lifetimeOf(this.proven.token)
    this.claimsWeight = claimsWeight
    this.weight =
      claimsWeight +
      weighToken(token) +
      (proven === undefined ? 0 : weighToken(proven.token)) +
      (confirmedClaims === undefined ? 0 : weighConfirmed(confirmedClaims))
    this.matchesAudience =
      issuer.audience === null || issuer.audience.some((name) => token.audience.includes(name))
    this.isBound = isBound
    this.issuerTemplate = issuer.tenant?.template
    this.cachedResult = { cached: this, source: 'cache' }
    this.acceptedDecision = Object.freeze({ outcome: 'accepted', token })
  }
}

/** Claims of a custom issuer that JSON cannot represent count as the largest that are kept parsed. */
function weighConfirmed(claims: Claims): number {
  return weighClaims(claims, 32 * LARGEST_PARSED_CLAIMS) ?? LARGEST_PARSED_CLAIMS
}

function lifetimeOf(token: AccessToken): number {
  const issuedAt = ownMember(token, 'issuedAt')
  const expiresAt = ownMember(token, 'expiresAt')
  return issuedAt === undefined || expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - issuedAt
}

/** How, when and by which issuer a token was verified. */
export interface VerificationRecord extends Pick<
  VerifiedFacts,
  'issuer' | 'verifiedAt' | 'key' | 'confirmedElapsed'
> {
  readonly format: AccessToken['format']
  readonly digest: string
  /** Time of the issuer's confirmation, in seconds since the epoch. */
  readonly confirmedAt: number | undefined
  /** The claims, if they are already frozen. */
  readonly frozen: TokenFacts['claims'] | undefined
  /** The claims of a JWT that only its issuer verified. They are not verified here. */
  readonly payload: Claims | undefined
}

/**
 * Creates the cache entry of a verified token.
 *
 * @throws TypeError if a custom issuer returned facts of a wrong type.
 */
export function cachedTokenFrom(facts: TokenFacts, record: VerificationRecord): CachedToken {
  const { issuer, verifiedAt, key, confirmedElapsed, format, digest, confirmedAt, frozen, payload } = record
  const { name: issuerName, provider } = issuer.issuer
  const { claims } = facts
  const signed = frozen ?? claims
  const parsedWeight = isRecord(claims) ? weighClaims(claims, LARGEST_PARSED_CLAIMS) : undefined
  const isLarge = parsedWeight !== undefined && parsedWeight > LARGEST_PARSED_CLAIMS
  const json = isLarge ? JSON.stringify(claims) : undefined
  const token = createAccessToken(facts, {
    format,
    issuerName,
    provider,
    digest,
    confirmedAt,
    frozen,
    text: json,
  })
  return new CachedToken({
    issuer,
    token,
    notBefore: optionalTime(facts, 'notBefore'),
    statedSubject: statesSubject(facts, frozen) ? facts.subject : undefined,
    // A custom reader may omit a claim, so the claims of the signed JWT count too.
    namesClient:
      token.clientId !== undefined ||
      ownMember(facts, 'namesClient') === true ||
      namesClient(claims) ||
      namesClient(signed) ||
      (payload !== undefined && namesOtherClient(payload, facts.subject)),
    confirmedClaims: undefined,
    isBound: isBoundToKey(claims) || (signed !== claims && isBoundToKey(signed)),
    verifiedAt,
    key,
    confirmedElapsed,
    proven: undefined,
    claimsWeight: json === undefined ? (parsedWeight ?? LARGEST_PARSED_CLAIMS) : 2 * json.length,
  })
}

/** Whether the issuer states the subject (`sub`, Authlete's `subject`), so that it is not the client id in its place. */
function statesSubject({ subject, clientId, claims }: TokenFacts, signed: Claims | undefined): boolean {
  if (subject !== clientId || (ownMember(claims, 'sub') ?? undefined) !== undefined) return true
  return (
    ownMember(claims, 'subject') === subject || (signed !== undefined && ownMember(signed, 'sub') === subject)
  )
}

/**
 * Heap in bytes above which claims are cached as JSON and parsed when they are read. Parsed claims take up to 21 times as
 * much as their JSON, and the client may choose them.
 */
const LARGEST_PARSED_CLAIMS = 16 * 1024
