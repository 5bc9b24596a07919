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
  #size = 0
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
      this.#size = value.keys.length
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

  find(query: KeyQuery): Awaitable<OrRefusal<readonly VerificationKey[]>> {
    const before = this.#document.successes()
    const current = this.#document.current()
    return current instanceof Promise
      ? afterwards(current, this.#findIn, query, before)
      : this.#findIn(current, query, before)
  }

  readonly #findIn = (
    published: OrRefusal<PublishedKeys>,
    query: KeyQuery,
    before: number,
  ): Awaitable<OrRefusal<readonly VerificationKey[]>> => {
    if (isRefusal(published)) return published
    const found = candidates(published, query)
    if (found.length > 0 || !this.#isUnknown(published, query)) return found
    return this.#findAfterFetch(query, before)
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
    return this.#size
  }

  health(): DocumentHealth {
    return this.#document.health()
  }

  /** A key the document merely lists without use for this token is no reason to fetch it again. */
  #isUnknown(published: PublishedKeys, { kid }: KeyQuery): boolean {
    return kid === undefined ? published.keys.length === 0 : !published.kids.has(kid)
  }

  /**
   * A key id that is not in the set is either forged or the first token after a rotation, and only a fetch tells. One
   * fetch per pause serves every unknown id of that time. No id waits longer than the pause, however often it was
   * presented before its key was published, because anybody can present it.
   */
  async #findAfterFetch(query: KeyQuery, before: number): Promise<OrRefusal<readonly VerificationKey[]>> {
    const kid = query.kid ?? ''
    // A key with such an id is never used.
    if (kid.length > LONGEST_KID) return []
    await this.#fetchAgain(before)
    const published = await this.#document.current()
    if (isRefusal(published)) return published
    const found = candidates(published, query)
    if (found.length > 0 || published.kids.has(kid)) return found
    // While the set cannot be brought up to date, "unknown" may only mean "newer than what we have".
    return this.#document.isFailing() ? this.#unavailable() : []
  }

  /** Fetches the keys, unless they were fetched since `before` or in this pause. */
  async #fetchAgain(before: number): Promise<void> {
    const now = this.#clock.elapsed()
    const justLoaded = this.#document.successes() !== before
    if (!justLoaded && now >= this.#nextUnknownKeyFetch) {
      this.#nextUnknownKeyFetch = now + this.#options.unknownKeyPause
      await this.#document.refresh()
    } else {
      await this.#document.underWay()
    }
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
