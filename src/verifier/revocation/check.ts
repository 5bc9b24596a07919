import { explain } from '../../model/detail/explain.js'
import { Refusal } from '../../model/refusal/refusal.js'
import type { Entry } from '../../revocation/entry.js'
import type { RevocationsInternals } from '../../revocation/store.js'
import { phrase } from '../../util/quote.js'
import type { CachedToken } from '../cached-token.js'
import type { ClockLeads } from './clock-leads.js'
import { digestOfOpaque, revocableFrom } from './identity.js'

/** Checks tokens against the revocations of a verifier. In memory, and without waiting. */
export class RevocationCheck {
  readonly #revocations: RevocationsInternals
  readonly #leads: ClockLeads
  readonly #shiftSeconds: number

  /** @param shiftSeconds - seconds by which the time of the requests is ahead of the time of the revocations. */
  constructor(revocations: RevocationsInternals, leads: ClockLeads, shiftSeconds = 0) {
    this.#revocations = revocations
    this.#leads = leads
    this.#shiftSeconds = shiftSeconds
  }

  /** The same check for requests at another time, for explanations. */
  shiftedBy(seconds: number): RevocationCheck {
    return new RevocationCheck(this.#revocations, this.#leads, seconds)
  }

  /**
   * Refuses a revoked token, and any token while the revocations are unknown. Runs on every request: the epoch saves the
   * lookups for a token that was checked since the last change.
   *
   * @param now - wall clock time, in seconds since the epoch.
   */
  refuse(cached: CachedToken, token: string, now: number): Refusal | undefined {
    const { set } = this.#revocations
    const readTime = now - this.#shiftSeconds
    if (cached.revocationEpoch === set.epoch && readTime <= set.freshUntil) return undefined
    if (this.#shiftSeconds === 0) this.#leads.observe(cached.issuer.issuer.name, cached.issuedAt, now)
    const entry = this.#find(cached, token)
    return entry === undefined
      ? this.#revocations.refuseStale(readTime)
      : refuseRevoked(entry, cached.issuedAt)
  }

  /** Whether a token is revoked, so that its issuer need not be called. */
  isRevoked(cached: CachedToken, token: string): boolean {
    return this.#find(cached, token) !== undefined
  }

  /** Refuses an opaque token that is revoked by its digest, so that it is not introspected. */
  refuseOpaque(digest: string): Refusal | undefined {
    const { set } = this.#revocations
    const entry = set.hasDigests ? set.findDigest(digestOfOpaque(digest)) : undefined
    return entry === undefined ? undefined : refuseRevoked(entry, undefined)
  }

  #find(cached: CachedToken, token: string): Entry | undefined {
    if (cached.revokedBy !== undefined) return cached.revokedBy
    const { set } = this.#revocations
    if (cached.revocationEpoch === set.epoch) return undefined
    const entry = set.find(revocableFrom(cached, token))
    if (entry === undefined) cached.revocationEpoch = set.epoch
    // Kept with the token, because a revocation cannot be undone, also when its entry is dropped.
    else cached.revokedBy = entry
    return entry
  }
}

function refuseRevoked(entry: Entry, issuedAt: number | undefined): Refusal {
  const { kind, value, limit, at } = entry
  const reason = entry.reason ?? phrase('no reason was given')
  if (kind === 'token' || kind === 'digest')
    return new Refusal('token_revoked', { detail: explain('token_revoked', 'token', { at, reason }) })
  const iat = issuedAt ?? phrase('absent')
  const values = { before: limit, iat, at, reason }
  const detail =
    kind === 'issuer'
      ? explain('token_revoked', 'issuer', values)
      : explain('token_revoked', 'party', { ...values, kind: phrase(kind), value })
  return new Refusal('token_revoked', { detail })
}
