import { cutoffOf, hasExpired, isTokenEntry, MAX_REASON_LENGTH, type Entry } from './entry.js'

/** Facts of a token that revocations are about. Lists, because a token may be named in several ways. */
export interface RevocableToken {
  /** The `iss` of the token, the configured issuer's name, and the template of `iss` if there are tenants. */
  readonly issuers: readonly string[]
  readonly tokenIds: readonly string[]
  /** Client ids; the subject if no claim names a client. */
  readonly clients: readonly string[]
  readonly subjects: readonly string[]
  /** Time of issue; `undefined` if unknown. Every cutoff then applies. */
  readonly issuedAt: number | undefined
  /** Computes the digest of the token or of its signed part. Called only if there are entries with a digest. */
  readonly digest: () => string
}

/** Entries of one issuer. */
interface IssuerEntries {
  readonly tokens: Map<string, Entry>
  readonly clients: Map<string, Entry>
  readonly subjects: Map<string, Entry>
  cutoff: Entry | undefined
}

/** Minimum seconds between two removals of expired entries, because each visits all entries. */
const PURGE_INTERVAL = 60

/**
 * Set of revocations in memory. It only grows: adding is a union, with the higher limit of equal entries. Removed are only
 * entries whose token has expired, and entries that a coarser one covers.
 *
 * Beyond `maxEntries` a token entry becomes a cutoff of its client, or of its issuer if the client is unknown. Beyond
 * `maxEntries` cutoffs, those of one issuer become one.
 */
export class RevocationSet {
  readonly #maxEntries: number
  readonly #issuers = new Map<string, IssuerEntries>()
  readonly #digests = new Map<string, Entry>()
  #tokenCount = 0
  #cutoffCount = 0
  #lastPurge = Number.NEGATIVE_INFINITY
  /** Changes with every addition that refuses more. A token that was checked at the same epoch needs no lookup. */
  epoch = 0
  /**
   * Wall-clock time in seconds until which the set may be relied on. Infinite for a set without a store; negative
   * infinity before the first reading of a store.
   */
  freshUntil = Number.POSITIVE_INFINITY

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#tokenCount + this.#cutoffCount
  }

  /**
   * Adds entries.
   *
   * @returns the coarser entries that were added in place of others, because there are more than `maxEntries`.
   */
  add(entries: readonly Entry[], now: number): readonly Entry[] {
    const coarsened: Entry[] = []
    let isChanged = false
    for (const entry of entries) {
      if (hasExpired(entry, now) || this.has(entry)) continue
      if (this.#hasRoom(entry, now)) this.#put(entry)
      else {
        const coarser = this.#coarsen(entry)
        if (coarser === undefined) continue
        coarsened.push(coarser)
      }
      isChanged = true
    }
    if (isChanged) this.epoch += 1
    return coarsened
  }

  /** Finds the entry that refuses a token. */
  find(token: RevocableToken): Entry | undefined {
    if (this.#tokenCount + this.#cutoffCount === 0) return undefined
    if (this.#digests.size > 0) {
      const found = this.#digests.get(token.digest())
      if (found !== undefined) return found
    }
    for (const issuer of token.issuers) {
      const entries = this.#issuers.get(issuer)
      const found = entries === undefined ? undefined : findIn(entries, token)
      if (found !== undefined) return found
    }
    return applies(this.#issuers.get('')?.cutoff, token.issuedAt)
  }

  /** Finds the entry of a token by its digest. */
  findDigest(digest: string): Entry | undefined {
    return this.#digests.get(digest)
  }

  /** Whether there are entries with a digest. */
  get hasDigests(): boolean {
    return this.#digests.size > 0
  }

  /** Whether adding an entry would change nothing. */
  has(entry: Entry): boolean {
    const present = this.get(entry)
    if (present !== undefined && present.limit >= entry.limit) return true
    return !isTokenEntry(entry) && this.#cutoffOver(entry) !== undefined
  }

  /** Whether everything that an entry refuses is refused, by this or by a coarser entry, or has expired. */
  covers(entry: Entry, now: number): boolean {
    return hasExpired(entry, now) || this.has(entry) || (isTokenEntry(entry) && this.has(coarserOf(entry)))
  }

  /** Returns what is in the set in place of an entry: itself, or the coarser entry that it has become. */
  held(entry: Entry): Entry {
    const present = this.get(entry)
    if (present !== undefined && present.limit >= entry.limit) return present
    if (!isTokenEntry(entry)) return this.#cutoffOver(entry) ?? entry
    const coarser = coarserOf(entry)
    return this.has(coarser) ? this.held(coarser) : entry
  }

  /** Returns the entry with the same key. */
  get({ kind, issuer, value }: Pick<Entry, 'kind' | 'issuer' | 'value'>): Entry | undefined {
    if (kind === 'digest') return this.#digests.get(value)
    const entries = this.#issuers.get(issuer)
    if (entries === undefined) return undefined
    return kind === 'issuer' ? entries.cutoff : mapOf(entries, kind).get(value)
  }

  /** Returns all entries. */
  *entries(): Generator<Entry> {
    yield* this.#digests.values()
    for (const entries of this.#issuers.values()) {
      if (entries.cutoff !== undefined) yield entries.cutoff
      for (const map of [entries.clients, entries.subjects, entries.tokens]) yield* map.values()
    }
  }

  /** Returns the cutoff of an issuer, or of all issuers, that refuses at least what another cutoff refuses. */
  #cutoffOver({ issuer, limit }: Entry): Entry | undefined {
    const cutoffs = [this.#issuers.get(issuer)?.cutoff, this.#issuers.get('')?.cutoff]
    return cutoffs.find((cutoff) => cutoff !== undefined && cutoff.limit >= limit)
  }

  #hasRoom(entry: Entry, now: number): boolean {
    if (this.get(entry) !== undefined) return true
    if (!isTokenEntry(entry)) return this.#cutoffCount < this.#maxEntries
    if (this.#tokenCount >= this.#maxEntries && now >= this.#lastPurge + PURGE_INTERVAL) this.#purge(now)
    return this.#tokenCount < this.#maxEntries
  }

  #put(entry: Entry): void {
    const present = this.get(entry)
    if (present === undefined) {
      if (isTokenEntry(entry)) this.#tokenCount += 1
      else this.#cutoffCount += 1
    } else if (present.limit > entry.limit) return
    const { kind, issuer, value } = entry
    if (kind === 'digest') {
      this.#digests.set(value, entry)
      return
    }
    const entries = this.#entriesOf(issuer)
    if (kind === 'issuer') entries.cutoff = entry
    else mapOf(entries, kind).set(value, entry)
  }

  #entriesOf(issuer: string): IssuerEntries {
    const present = this.#issuers.get(issuer)
    if (present !== undefined) return present
    const created = { tokens: new Map(), clients: new Map(), subjects: new Map(), cutoff: undefined }
    this.#issuers.set(issuer, created)
    return created
  }

  /** Adds a coarser entry in place of one for which there is no room. Returns `undefined` if it is present. */
  #coarsen(entry: Entry): Entry | undefined {
    if (!isTokenEntry(entry)) return this.#fold(entry)
    const coarser = coarserOf(entry)
    if (this.has(coarser)) return undefined
    if (!this.#hasRoom(coarser, entry.at)) return this.#fold(coarser)
    this.#put(coarser)
    return coarser
  }

  /** Replaces the cutoffs of one issuer by one cutoff. If the issuer has none yet, those of all issuers. */
  #fold(cutoff: Entry): Entry {
    const ofIssuer = [...this.#cutoffs(cutoff.issuer)]
    const replaced = ofIssuer.length > 0 ? ofIssuer : [...this.#allCutoffs()]
    const issuer = ofIssuer.length > 0 ? cutoff.issuer : ''
    // Not with `Math.max(...)`, because a million arguments overflow the stack.
    const limit = replaced.reduce((highest, one) => Math.max(highest, one.limit), cutoff.limit)
    for (const one of replaced) this.#remove(one)
    const reason = coarseReason(cutoff.reason)
    const folded: Entry = { ...cutoff, kind: 'issuer', issuer, value: '', limit, reason }
    this.#put(folded)
    return folded
  }

  *#cutoffs(issuer: string): Generator<Entry> {
    const entries = this.#issuers.get(issuer)
    if (entries === undefined) return
    if (entries.cutoff !== undefined) yield entries.cutoff
    yield* entries.clients.values()
    yield* entries.subjects.values()
  }

  *#allCutoffs(): Generator<Entry> {
    for (const issuer of this.#issuers.keys()) yield* this.#cutoffs(issuer)
  }

  #purge(now: number): void {
    this.#lastPurge = now
    for (const entry of [...this.entries()]) if (hasExpired(entry, now)) this.#remove(entry)
  }

  #remove(entry: Entry): void {
    const { kind, issuer, value } = entry
    if (isTokenEntry(entry)) this.#tokenCount -= 1
    else this.#cutoffCount -= 1
    if (kind === 'digest') {
      this.#digests.delete(value)
      return
    }
    const entries = this.#issuers.get(issuer)
    if (entries === undefined) return
    if (kind === 'issuer') entries.cutoff = undefined
    else mapOf(entries, kind).delete(value)
  }
}

function findIn(entries: IssuerEntries, token: RevocableToken): Entry | undefined {
  const { issuedAt } = token
  if (entries.tokens.size > 0) {
    for (const id of token.tokenIds) {
      const found = entries.tokens.get(id)
      if (found !== undefined) return found
    }
  }
  return (
    applies(entries.cutoff, issuedAt) ??
    findCutoff(entries.clients, token.clients, issuedAt) ??
    findCutoff(entries.subjects, token.subjects, issuedAt)
  )
}

function findCutoff(
  cutoffs: ReadonlyMap<string, Entry>,
  names: readonly string[],
  issuedAt: number | undefined,
): Entry | undefined {
  if (cutoffs.size === 0) return undefined
  for (const name of names) {
    const found = applies(cutoffs.get(name), issuedAt)
    if (found !== undefined) return found
  }
  return undefined
}

/** The comparison is negated so that a time of issue that is `NaN` is refused. */
function applies(cutoff: Entry | undefined, issuedAt: number | undefined): Entry | undefined {
  if (cutoff === undefined) return undefined
  return issuedAt !== undefined && issuedAt >= cutoff.limit ? undefined : cutoff
}

function mapOf(entries: IssuerEntries, kind: 'token' | 'client' | 'subject' | 'digest'): Map<string, Entry> {
  if (kind === 'client') return entries.clients
  return kind === 'subject' ? entries.subjects : entries.tokens
}

/** Beginning of the reason of an entry that refuses more tokens than was requested. */
const COARSE = 'more than maxEntries'

/** States in the reason of an entry that it refuses more tokens than was requested. */
function coarseReason(reason: string | undefined): string {
  if (reason === undefined || reason.startsWith(COARSE)) return reason ?? COARSE
  return `${COARSE}: ${reason}`.slice(0, MAX_REASON_LENGTH)
}

/** The cutoff of its client that refuses a token; of its issuer if the client is unknown. */
function coarserOf(entry: Entry): Entry {
  const { issuer, clientId, at, reason } = entry
  const isKnown = clientId !== undefined && clientId !== ''
  return {
    kind: isKnown ? 'client' : 'issuer',
    issuer,
    value: isKnown ? clientId : '',
    limit: cutoffOf(entry),
    at,
    reason: coarseReason(reason),
    clientId: undefined,
    issuedAt: undefined,
  }
}
