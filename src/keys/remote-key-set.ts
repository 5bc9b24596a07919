import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import { ExchangeError } from '../http/exchange-error.js'
import type { Transport } from '../http/transport/transport.js'
import { isSameOrigin } from '../util/url/url.js'
import type { KeySource } from '../model/issuer/issuer.js'
import type { RequestHeaders } from '../model/issuer/issuer-settings.js'
import type { ReportCall } from '../model/issuer/issuer-calls.js'
import type { TellIssuerEvent } from '../model/issuer/issuer-events.js'
import { type Refusal, type OrRefusal, isRefusal } from '../model/refusal/refusal.js'
import type { DocumentOutages } from './document-outages.js'
import type { IssuerMetadata } from './issuer-metadata.js'
import { fetchDocument, namedUrl, PrerequisiteError, withUrl } from './fetch-document.js'
import { RefreshingDocument, type LoadedDocument } from './refreshing-document.js'
import type { DocumentHealth } from '../model/issuer/health.js'
import { readMaxAge } from '../http/cache-control.js'
import type { KeySet, VerificationKey } from '../model/key/verification-key.js'
import type { KeySettings } from '../model/issuer/issuer-settings.js'
import { LONGEST_KID } from './jwk.js'
import { explainUnknownKey, findCandidates, hasUsableKey, readKeySet, type PublishedKeys } from './jwks.js'
import type { KeyQuery } from '../model/key/verification-key.js'
import { WaitingTokens } from './waiting-tokens.js'

/** Connections and observers of key fetches. */
export interface RemoteKeySetSettings {
  readonly transport: Transport
  readonly tell: TellIssuerEvent
  readonly outages: DocumentOutages
  readonly reportCall: ReportCall
  /** Limits that the key set shares with those of other tenants; `undefined` if the issuer has no tenants. */
  readonly keyLimits?: SharedKeyLimits | undefined
}

/** Limits of one tenant's key set, as a share of those of all tenants of its issuer. */
export interface SharedKeyLimits {
  readonly listed: WaitingTokens
  readonly unlisted: WaitingTokens
  /**
   * Counts a fetch for an unknown key id.
   *
   * @param period - seconds in which this key set causes at most one such fetch.
   * @returns refusal `issuer_overloaded` if too many tenants have caused one recently.
   */
  readonly refuseRefetch: (period: number) => Refusal | undefined
}

/** A key set whose URL is in the discovery document. */
export interface DiscoveredKeySource {
  readonly metadata: RefreshingDocument<IssuerMetadata>
  /** Issuer identifier, whose origin receives the headers. */
  readonly issuer: string
  readonly headers?: RequestHeaders
}

/** Keys that are fetched from the issuer's key set URL, which is configured or discovered. */
export class RemoteKeySet implements KeySet {
  readonly #document: RefreshingDocument<PublishedKeys>
  readonly #options: KeySettings
  readonly #clock: Clock
  /**
   * JWTs with a listed key have their own limit, so that forged key ids cannot use it up. An attacker can also forge a JWT
   * with a listed key id, but such JWTs wait only while the keys are expired.
   */
  readonly #waiting: Omit<SharedKeyLimits, 'refuseRefetch'> & Partial<SharedKeyLimits>
  #latest: PublishedKeys | undefined
  /** Wall-clock time at which the keys were last found usable. */
  #usableAt = Number.NaN
  #nextUnknownKeyFetch = Number.NEGATIVE_INFINITY

  constructor(
    source: Extract<KeySource, { kind: 'remote' }> | DiscoveredKeySource,
    options: KeySettings,
    clock: Clock,
    settings: RemoteKeySetSettings,
  ) {
    const { transport, tell, outages, reportCall, keyLimits } = settings
    this.#waiting = keyLimits ?? { listed: new WaitingTokens(), unlisted: new WaitingTokens() }
    this.#options = options
    this.#clock = clock
    const fetch = async (): Promise<LoadedDocument<PublishedKeys>> => {
      const { url, headers } = 'metadata' in source ? await discoverKeySetUrl(source) : source
      const response = await fetchDocument(url, options, { transport, headers })
      return {
        value: await withUrl(url, () => readKeySet(response.json, options.maxKeys)),
        maxAge: readMaxAge(response.headers),
        url: namedUrl(url),
      }
    }
    const load = (): Promise<LoadedDocument<PublishedKeys>> => reportCall('keys', fetch)
    const onLoaded = (value: PublishedKeys, previous: PublishedKeys | undefined): void => {
      this.#latest = value
      if (previous === undefined || !this.#markWithdrawn(value.keys, previous.keys, tell)) return
      // An emergency rotation that withdraws all keys must cause one event, not two.
      if (problemOf(value) !== undefined) outages.beginReported(this.#document)
    }
    this.#document = new RefreshingDocument(this.#reuseUnchangedKeys(load), options, clock, {
      title: 'key set',
      problemOf,
      onLoaded,
      outages,
    })
  }

  /** Marks earlier keys that are no longer listed. Returns whether none of the earlier keys is listed. */
  #markWithdrawn(
    keys: readonly VerificationKey[],
    earlier: readonly VerificationKey[],
    tell: TellIssuerEvent,
  ): boolean {
    const listed = new Set(keys)
    for (const key of earlier) if (!listed.has(key)) key.withdrawn = true
    const isReplaced = earlier.length > 0 && earlier.every((key) => key.withdrawn)
    if (isReplaced) {
      tell('keys_replaced', `the key set lists none of the earlier keys; it now has ${keys.length} keys`)
    }
    return isReplaced
  }

  find(query: KeyQuery, characters: number): Awaitable<OrRefusal<readonly VerificationKey[]>> {
    const before = this.#document.successes()
    const current = this.#document.current()
    if (!(current instanceof Promise)) {
      const found = findCandidates(current, query)
      if (found.length > 0 || !this.#isUnknown(current, query)) return found
      if (!this.#isFetchPossible(before)) return this.#resultForUnknownKey(query)
      const overload = this.#refuseRefetch()
      if (overload !== undefined) return overload
    }
    return this.#waitForFetch(current, query, characters, before)
  }

  /** Refuses a token that would cause a fetch, if other tenants of the issuer have caused too many. */
  #refuseRefetch(): Refusal | undefined {
    if (this.#document.fetchInFlight() !== undefined) return undefined
    return this.#waiting.refuseRefetch?.(this.#options.unknownKeyPause)
  }

  #waitForFetch(
    current: Awaitable<OrRefusal<PublishedKeys>>,
    query: KeyQuery,
    characters: number,
    before: number,
  ): Awaitable<OrRefusal<readonly VerificationKey[]>> {
    const waiting = this.#isListed(query) ? this.#waiting.listed : this.#waiting.unlisted
    const overload = waiting.enter(characters)
    if (overload !== undefined) return overload
    return this.#findAfterFetch(current, query, before).finally(() => {
      waiting.leave(characters)
    })
  }

  ensureUsable(now: number): Awaitable<Refusal | undefined> {
    if (now === this.#usableAt) return undefined
    // The wall clock may have been set back to an earlier reading, so that reading must not count as checked.
    this.#usableAt = Number.NaN
    const current = this.#document.current(now)
    if (current instanceof Promise) return afterwards(current, refusalIn)
    this.#usableAt = now
    return undefined
  }

  explainUnknown(query: KeyQuery): () => string {
    return explainUnknownKey(this.#latest ?? NO_KEYS, query)
  }

  async load(): Promise<Refusal | undefined> {
    const before = this.#document.successes()
    let published = await this.#document.current()
    if (isRefusal(published) || problemOf(published) === undefined) return refusalIn(published)
    await this.#refetch(before)
    published = await this.#document.current()
    if (isRefusal(published) || problemOf(published) === undefined) return refusalIn(published)
    return this.#createRefusal()
  }

  size(): number {
    return this.#latest?.keys.length ?? 0
  }

  health(): DocumentHealth {
    return this.#document.health()
  }

  /** Whether the last fetched key set lists a key for the query, even if that key set has expired. */
  #isListed(query: KeyQuery): boolean {
    return this.#latest !== undefined && findCandidates(this.#latest, query).length > 0
  }

  /** Whether the key id is not in the document. An id of an unusable key is known, so it triggers no fetch. */
  #isUnknown(published: PublishedKeys, { kid }: KeyQuery): boolean {
    if (kid === undefined) return published.keys.length === 0
    // A key with a longer id is never used, so a fetch could not help.
    return kid.length <= LONGEST_KID && !published.kids.has(kid)
  }

  /**
   * Finds the keys after a fetch if the key id is unknown. An unknown key id is either forged or new after a rotation, and
   * only a fetch can distinguish the two. One fetch per `unknownKeyPause` serves all unknown key ids of that time. The
   * backoff does not grow for a key id that stays absent, because an attacker can send the id of a coming key.
   */
  async #findAfterFetch(
    current: Awaitable<OrRefusal<PublishedKeys>>,
    query: KeyQuery,
    before: number,
  ): Promise<OrRefusal<readonly VerificationKey[]>> {
    const published = await current
    if (isRefusal(published)) return published
    const found = findCandidates(published, query)
    if (found.length > 0 || !this.#isUnknown(published, query)) return found
    await this.#refetch(before)
    const latest = await this.#document.current()
    if (isRefusal(latest)) return latest
    const refetched = findCandidates(latest, query)
    return refetched.length > 0 || !this.#isUnknown(latest, query)
      ? refetched
      : this.#resultForUnknownKey(query)
  }

  /** While fetches fail, an unknown key id may belong to a key that is newer than the set, so the token is undecidable. */
  #resultForUnknownKey({ kid }: KeyQuery): OrRefusal<readonly VerificationKey[]> {
    return this.#document.isFailing() ? this.#createRefusal(kid) : []
  }

  /** Fetches the keys, unless they were fetched since `before` or within `unknownKeyPause`. Waits for a fetch in flight. */
  async #refetch(before: number): Promise<void> {
    if (this.#isFetchDue(before)) {
      this.#nextUnknownKeyFetch = this.#clock.elapsed() + this.#options.unknownKeyPause
      await this.#document.refresh()
    } else {
      await this.#document.fetchInFlight()
    }
  }

  #isFetchDue(before: number): boolean {
    return this.#document.successes() === before && this.#clock.elapsed() >= this.#nextUnknownKeyFetch
  }

  #isFetchPossible(before: number): boolean {
    return this.#document.fetchInFlight() !== undefined || this.#isFetchDue(before)
  }

  #createRefusal(kid?: string): Refusal {
    return this.#document.createRefusal(this.#nextUnknownKeyFetch - this.#clock.elapsed(), kid)
  }

  /** Keeps the object of a key that is published again unchanged, so that tokens cached for it stay valid. */
  #reuseUnchangedKeys(
    load: () => Promise<LoadedDocument<PublishedKeys>>,
  ): () => Promise<LoadedDocument<PublishedKeys>> {
    let previous = new Map<string, VerificationKey>()
    return async () => {
      const { value, maxAge } = await load()
      const keys = value.keys.map((key) => previous.get(key.identity) ?? key)
      previous = new Map(keys.map((key) => [key.identity, key]))
      return { value: { ...value, keys }, maxAge }
    }
  }
}

const NO_KEYS: PublishedKeys = { keys: [], kids: new Set() }

async function discoverKeySetUrl({
  metadata,
  issuer,
  headers,
}: DiscoveredKeySource): Promise<{ readonly url: string; readonly headers: RequestHeaders | undefined }> {
  const { jwksUri, statedJwksUri } = await currentMetadata(metadata)
  if (jwksUri === undefined) {
    throw new ExchangeError(
      `the discovery document has no usable jwks_uri: it must be an https: URL, or an http: URL of a host in insecureHosts, and is ${statedJwksUri}`,
    )
  }
  // The document chooses the URL, and credentials for the issuer must not reach another server.
  return { url: jwksUri, headers: isSameOrigin(issuer, jwksUri) ? headers : undefined }
}

async function currentMetadata(metadata: RefreshingDocument<IssuerMetadata>): Promise<IssuerMetadata> {
  const current = await metadata.current()
  if (!isRefusal(current)) return current
  // The keys are unavailable because discovery failed, so its failure is reported.
  const { message } = current.cause instanceof Error ? current.cause : current
  throw new PrerequisiteError(message, metadata.secondsToNextAttempt())
}

function refusalIn(found: unknown): Refusal | undefined {
  return isRefusal(found) ? found : undefined
}

function problemOf({ keys }: PublishedKeys): string | undefined {
  return hasUsableKey(keys) ? undefined : 'contains no usable key'
}
