import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import { ExchangeError } from '../http/exchange-error.js'
import type { Transport } from '../http/transport/transport.js'
import { parseJson } from '../util/json.js'
import type { KeySource } from '../model/issuer.js'
import type { TellIssuerEvent } from '../model/issuer-events.js'
import { type Refusal, type OrRefusal, isRefusal } from '../model/refusal.js'
import type { DocumentOutages } from './document-outages.js'
import type { IssuerMetadata } from './issuer-metadata.js'
import {
  fetchDocument,
  RefreshingDocument,
  PrerequisiteError,
  type LoadedDocument,
} from './refreshing-document.js'
import type { DocumentHealth } from '../model/health.js'
import { maxAgeOf } from '../http/cache-control.js'
import type { KeySet, VerificationKey } from '../model/verification-key.js'
import type { KeySettings } from '../model/issuer.js'
import { LONGEST_KID } from './jwk.js'
import { candidates, hasUsableKey, readKeySet, type PublishedKeys } from './jwks.js'
import type { KeyQuery } from '../model/verification-key.js'
import { WaitingTokens } from './waiting-tokens.js'

/** What fetches of the keys go through, and who hears of them. */
export interface RemoteKeySetSettings {
  readonly transport: Transport
  readonly tell: TellIssuerEvent
  readonly outages: DocumentOutages
}

/** Keys fetched from the issuer's key set address, given or discovered. */
export class RemoteKeySet implements KeySet {
  readonly #document: RefreshingDocument<PublishedKeys>
  readonly #options: KeySettings
  readonly #clock: Clock
  /**
   * JWTs whose key was listed wait apart, so that forged key ids take none of their places. Anyone can forge a JWT with a
   * listed key id, but those wait only if the keys have expired as well.
   */
  readonly #waiting = { listed: new WaitingTokens(), unlisted: new WaitingTokens() }
  #latest: PublishedKeys | undefined
  /** The time of day when the keys were last found usable. */
  #usableAt = Number.NaN
  #nextUnknownKeyFetch = Number.NEGATIVE_INFINITY

  constructor(
    source:
      Extract<KeySource, { kind: 'remote' }> | { readonly metadata: RefreshingDocument<IssuerMetadata> },
    options: KeySettings,
    clock: Clock,
    settings: RemoteKeySetSettings,
  ) {
    const { transport, tell, outages } = settings
    this.#options = options
    this.#clock = clock
    const load = async (): Promise<LoadedDocument<PublishedKeys>> => {
      const { url, headers } = 'metadata' in source ? await discoveredAddress(source.metadata) : source
      const answer = await fetchDocument(url, options, { transport, headers: headers?.() })
      return { value: readKeySet(parseJson(answer.text), options.maxKeys), maxAge: maxAgeOf(answer.headers) }
    }
    const onLoaded = (value: PublishedKeys, previous: PublishedKeys | undefined): void => {
      this.#latest = value
      if (previous === undefined || !this.#replace(value.keys, previous.keys, tell)) return
      // One event for an emergency in which all keys are withdrawn.
      if (problemOf(value) !== undefined) outages.beginReported(this.#document)
    }
    this.#document = new RefreshingDocument(this.#keepingKnownKeys(load), options, clock, {
      title: 'key set',
      problemOf,
      onLoaded,
      outages,
    })
  }

  #replace(
    keys: readonly VerificationKey[],
    earlier: readonly VerificationKey[],
    tell: TellIssuerEvent,
  ): boolean {
    const listed = new Set(keys)
    for (const key of earlier) if (!listed.has(key)) key.withdrawn = true
    const isReplaced = earlier.length > 0 && earlier.every((key) => key.withdrawn)
    if (isReplaced) {
      tell('keys_replaced', `none of the earlier keys is listed any more; the set now has ${keys.length}`)
    }
    return isReplaced
  }

  find(query: KeyQuery, characters: number): Awaitable<OrRefusal<readonly VerificationKey[]>> {
    const before = this.#document.successes()
    const current = this.#document.current()
    if (!(current instanceof Promise)) {
      const found = candidates(current, query)
      if (found.length > 0 || !this.#isUnknown(current, query)) return found
      if (!this.#isFetchPossible(before)) return this.#unknown()
    }
    return this.#findLater(current, query, characters, before)
  }

  #findLater(
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
    // The wall clock may have been set back to a time that was seen before.
    this.#usableAt = Number.NaN
    const current = this.#document.current(now)
    if (current instanceof Promise) return afterwards(current, refusalIn)
    this.#usableAt = now
    return undefined
  }

  async load(): Promise<Refusal | undefined> {
    const before = this.#document.successes()
    let published = await this.#document.current()
    if (isRefusal(published) || problemOf(published) === undefined) return refusalIn(published)
    await this.#fetchAgain(before)
    published = await this.#document.current()
    if (isRefusal(published) || problemOf(published) === undefined) return refusalIn(published)
    return this.#unavailable()
  }

  size(): number {
    return this.#latest?.keys.length ?? 0
  }

  health(): DocumentHealth {
    return this.#document.health()
  }

  /** Whether a key for the query was in the set when it was last fetched, also if the set has expired. */
  #isListed(query: KeyQuery): boolean {
    return this.#latest !== undefined && candidates(this.#latest, query).length > 0
  }

  /** A key that the document merely lists without use for this token is no reason to fetch it again. */
  #isUnknown(published: PublishedKeys, { kid }: KeyQuery): boolean {
    if (kid === undefined) return published.keys.length === 0
    // A key with a longer id is never used.
    return kid.length <= LONGEST_KID && !published.kids.has(kid)
  }

  /**
   * A key id that is not in the set is either forged or the first token after a rotation, and only a fetch tells. One
   * fetch per pause serves every unknown id of that time. No id waits longer than the pause, however often it was
   * presented before its key was published, because anybody can present it.
   */
  async #findAfterFetch(
    current: Awaitable<OrRefusal<PublishedKeys>>,
    query: KeyQuery,
    before: number,
  ): Promise<OrRefusal<readonly VerificationKey[]>> {
    const published = await current
    if (isRefusal(published)) return published
    const found = candidates(published, query)
    if (found.length > 0 || !this.#isUnknown(published, query)) return found
    await this.#fetchAgain(before)
    const latest = await this.#document.current()
    if (isRefusal(latest)) return latest
    const foundNow = candidates(latest, query)
    return foundNow.length > 0 || !this.#isUnknown(latest, query) ? foundNow : this.#unknown()
  }

  /** While the set cannot be brought up to date, "unknown" may only mean "newer than what we have". */
  #unknown(): OrRefusal<readonly VerificationKey[]> {
    return this.#document.isFailing() ? this.#unavailable() : []
  }

  /** Fetches the keys, unless they were fetched since `before` or in this pause. */
  async #fetchAgain(before: number): Promise<void> {
    if (this.#isFetchDue(before)) {
      this.#nextUnknownKeyFetch = this.#clock.elapsed() + this.#options.unknownKeyPause
      await this.#document.refresh()
    } else {
      await this.#document.underWay()
    }
  }

  #isFetchDue(before: number): boolean {
    return this.#document.successes() === before && this.#clock.elapsed() >= this.#nextUnknownKeyFetch
  }

  #isFetchPossible(before: number): boolean {
    return this.#document.underWay() !== undefined || this.#isFetchDue(before)
  }

  #unavailable(): Refusal {
    return this.#document.unavailable(this.#nextUnknownKeyFetch - this.#clock.elapsed())
  }

  /** A key published again unchanged stays the same object, and with it what was remembered of its tokens. */
  #keepingKnownKeys(
    load: () => Promise<LoadedDocument<PublishedKeys>>,
  ): () => Promise<LoadedDocument<PublishedKeys>> {
    let known = new Map<string, VerificationKey>()
    return async () => {
      const { value, maxAge } = await load()
      const keys = value.keys.map((key) => known.get(key.identity) ?? key)
      known = new Map(keys.map((key) => [key.identity, key]))
      return { value: { ...value, keys }, maxAge }
    }
  }
}

async function discoveredAddress(
  metadata: RefreshingDocument<IssuerMetadata>,
): Promise<{ readonly url: string; readonly headers: undefined }> {
  const { jwksUri } = await discovered(metadata)
  if (jwksUri === undefined)
    throw new ExchangeError('the discovery document names no jwks_uri that is an https: address')
  return { url: jwksUri, headers: undefined }
}

async function discovered(metadata: RefreshingDocument<IssuerMetadata>): Promise<IssuerMetadata> {
  const current = await metadata.current()
  if (!isRefusal(current)) return current
  // The keys are missing because discovery failed: report that failure.
  const { message } = current.cause instanceof Error ? current.cause : current
  throw new PrerequisiteError(message, metadata.secondsToNextAttempt())
}

function refusalIn(found: unknown): Refusal | undefined {
  return isRefusal(found) ? found : undefined
}

function problemOf({ keys }: PublishedKeys): string | undefined {
  return hasUsableKey(keys) ? undefined : 'no usable key in it'
}
