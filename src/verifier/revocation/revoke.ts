import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import { isRefusal, type OrRefusal } from '../../model/refusal/refusal.js'
import { tokenDigest } from '../../model/token-digest.js'
import { hasStorableId, NEVER, storable, type Entry } from '../../revocation/entry.js'
import { NOT_ACCEPTED, readTarget, TARGET, TOKEN_TARGET_OPTIONS } from '../../revocation/read-target.js'
import type { RevocationResult, RevocationTarget, TokenTarget } from '../../revocation/revocations.js'
import type { RevocationsInternals } from '../../revocation/store.js'
import type { Clock } from '../../util/clock.js'
import { isRecord, number, ownMember } from '../../util/members.js'
import type { CachedToken, ResolvedToken } from '../cached-token.js'
import type { ConnectedIssuer } from '../connection/issuer-connection.js'
import { refuseUnreadable, type TokenLookup, type TokenResolver } from '../token-resolver.js'
import type { Router } from '../token-router.js'
import type { ClockLeads } from './clock-leads.js'
import { digestOfOpaque, revocationDigest } from './identity.js'
import { namesOfIssuer, unknownIssuerProblem } from './issuer-names.js'

/** Dependencies and settings of {@link Revoker}. */
export interface RevokerParts {
  readonly revocations: RevocationsInternals | undefined
  readonly leads: ClockLeads
  readonly issuers: readonly ConnectedIssuer[]
  readonly router: Router<ConnectedIssuer>
  readonly resolver: TokenResolver
  readonly clock: Clock
  /** Maximum clock difference, in seconds. */
  readonly toleranceSeconds: number
  readonly maxTokenLength: number
}

/** Implements `verifier.revoke()`: resolves a target to entries by the configuration of the verifier. */
export class Revoker {
  readonly #parts: RevokerParts

  constructor(parts: RevokerParts) {
    this.#parts = parts
  }

  /**
   * Revokes a target.
   *
   * @throws ConfigurationError as a rejection if the target is invalid, names an unknown issuer, or is a token that this
   *   verifier can never accept.
   */
  async revoke(target: RevocationTarget | TokenTarget): Promise<RevocationResult> {
    const { revocations, leads, clock, toleranceSeconds, resolver } = this.#parts
    if (revocations === undefined)
      throw new ConfigurationError(
        'revocations',
        'is required for revoke(). Pass memoryRevocations() or redisRevocations() to createVerifier',
      )
    if (isRecord(target) && ownMember(target as object as { token?: unknown }, 'token') !== undefined) {
      const { token, reason } = readOptions(TARGET, target, TOKEN_TARGET_OPTIONS)
      const result = await revocations.append(await this.#entriesOf(token, reason))
      resolver.forget(token)
      return result
    }
    const lead = (issuer: string): number => Math.max(...this.#namesOf(issuer).map((name) => leads.of(name)))
    const storeLead = await revocations.lead()
    const entry = readTarget(target, { now: clock.now(), tolerance: toleranceSeconds, lead, storeLead })
    return revocations.append(this.#namesOf(entry.issuer).map((issuer) => ({ ...entry, issuer })))
  }

  #namesOf(issuer: string): readonly string[] {
    const { issuers } = this.#parts
    const names = namesOfIssuer(issuers, issuer)
    if (names.length > 0) return names
    throw new ConfigurationError(`${TARGET}.issuer`, unknownIssuerProblem(issuers))
  }

  async #entriesOf(token: string, reason: string | undefined): Promise<readonly Entry[]> {
    const { router, clock, maxTokenLength } = this.#parts
    const route = refuseUnreadable(token, maxTokenLength) ?? router.route(token)
    if (isRefusal(route)) {
      const detail = route.detail ?? route.description
      throw new ConfigurationError(`${TARGET}.token`, `${NOT_ACCEPTED}: ${detail}`)
    }
    const at = clock.now()
    const known = await this.#findFacts(token, at)
    const origin = { at, reason, format: route.kind, issuer: route.to.issuer.name }
    // A token that cannot be checked now may be valid later, with the expiry that it states.
    const statedExpiry = route.kind === 'jwt' ? number(route.unverified.claims, 'exp') : undefined
    return entriesOf(token, { ...origin, statedExpiry }, known)
  }

  /**
   * Finds the facts of a token; `undefined` if it is invalid or cannot be checked. It is revoked nevertheless.
   *
   * @throws ConfigurationError as a rejection if its signature is invalid, because its issuer has not issued it.
   */
  async #findFacts(token: string, now: number): Promise<CachedToken | undefined> {
    const needs = { confirmAfter: undefined, staleIfError: 0, isStated: false }
    const lookup = { token, digest: tokenDigest(token), needs, now, earlier: undefined, recorder: undefined }
    const resolved = await this.#resolve(lookup)
    if (!isRefusal(resolved)) return resolved?.cached
    if (resolved.reason !== 'signature_invalid') return undefined
    throw new ConfigurationError(`${TARGET}.token`, `${NOT_ACCEPTED}: ${resolved.detail ?? ''}`)
  }

  async #resolve(lookup: TokenLookup): Promise<OrRefusal<ResolvedToken> | undefined> {
    try {
      return await this.#parts.resolver.resolve(lookup)
    } catch {
      // The code of a custom issuer has failed.
      return undefined
    }
  }
}

/** What is known of a token without its facts. */
interface Origin {
  readonly at: number
  readonly reason: string | undefined
  readonly format: 'jwt' | 'opaque'
  readonly issuer: string
  /** The `exp` of a JWT that may not be verified; absent if it states none. */
  readonly statedExpiry: number | undefined
}

/**
 * The entries of a token: its id, or without one that an entry may contain its digest. An opaque token is revoked by its digest too, so that it is
 * refused without introspection. The facts are unknown if the token is invalid, or if its issuer cannot be called.
 */
function entriesOf(token: string, origin: Origin, known: CachedToken | undefined): readonly Entry[] {
  const { at, reason, format, issuer: name, statedExpiry } = origin
  // The facts of the token itself, because a confirmation may state an earlier expiry only for now.
  const facts = known?.proven.token
  const common = {
    issuer: facts?.issuer ?? name,
    limit: (facts === undefined ? statedExpiry : ownMember(facts, 'expiresAt')) ?? NEVER,
    at,
    reason,
    clientId: known?.client,
    issuedAt: known?.issuedAt,
  }
  const tokenId = known === undefined ? undefined : ownMember(known.token, 'tokenId')
  const byId = hasStorableId(common.issuer, tokenId)
    ? [storable({ ...common, kind: 'token', value: tokenId })]
    : []
  if (byId.length > 0 && format === 'jwt') return byId
  const digest = format === 'jwt' ? revocationDigest(token, 'jwt') : digestOfOpaque(tokenDigest(token))
  return [...byId, storable({ ...common, kind: 'digest', value: digest })]
}
