import type { AccessToken } from '../model/access-token.js'
import type { ResolvedRequest } from '../verifier/authorizer.js'
import type { Verifier } from '../verifier/verifier.js'
import type { RefusalReason } from '../model/refusal-reasons.js'

/** State that a guard stores on a request for later guards on the same request. */
export interface RequestState<Settings = unknown> {
  readonly verifier: Verifier
  readonly settings: Settings
  readonly token: AccessToken | undefined
  readonly resolved: ResolvedRequest | undefined
  /** The reason for which a guard in report mode would have refused the request. */
  readonly reported: RefusalReason | undefined
}

/**
 * Names that other copies of the package of the same major version know as well: one may guard an app, and another may be
 * asked for the token. They are symbols, so that nothing a request sends can have them.
 */
const STATE = Symbol.for('m2m-guard@0/request-state')
const READ = Symbol.for('m2m-guard@0/read-request-state')
const PLACES = Symbol.for('m2m-guard@0/request-state-places')

/** The stored state. Everything is private, so that a logged request shows nothing of the token. */
class StoredState {
  readonly passes = true
  readonly #key: object
  readonly #state: RequestState

  constructor(key: object, state: RequestState) {
    this.#key = key
    this.#state = state
  }

  get token(): AccessToken | undefined {
    return this.#state.token
  }

  /** For other copies of the package. `undefined` for a copy of the request, whose headers may be different. */
  [READ](key: object): RequestState | undefined {
    return this.#key === key ? this.#state : undefined
  }

  static read(key: object, stored: StoredState | undefined): RequestState | undefined {
    if (stored === undefined) return undefined
    if (stored instanceof StoredState) return stored.#key === key ? stored.#state : undefined
    return (stored as StoredState)[READ](key)
  }
}

/** Stores state on a request, and returns the result that lets it pass. */
export type StoreState = (key: object, state: RequestState) => StoredState

interface Holder {
  [STATE]?: StoredState | undefined
}

/** Where guards have stored something. The lookup is skipped elsewhere. */
interface Places {
  isRequestUsed: boolean
  isRawHeadersUsed: boolean
  /** For requests whose state cannot be a property. */
  sealed: WeakMap<object, StoredState> | undefined
}

/** The same for all copies of the package. */
const places = sharedPlaces(globalThis as { [PLACES]?: Places })

function sharedPlaces(shared: { [PLACES]?: Places }): Places {
  const value: Places = { isRequestUsed: false, isRawHeadersUsed: false, sealed: undefined }
  if (shared[PLACES] === undefined) Object.defineProperty(shared, PLACES, { value })
  return shared[PLACES] ?? value
}

/** The state that an earlier guard stored; of several, the last. */
export function stateOf(key: object): RequestState | undefined {
  return (
    StoredState.read(key, places.sealed?.get(key)) ??
    (places.isRawHeadersUsed ? StoredState.read(key, rawHeadersOf(key)?.[STATE]) : undefined) ??
    (places.isRequestUsed ? StoredState.read(key, (key as Holder)[STATE]) : undefined)
  )
}

/** Stores the state as a property of the request: a `WeakMap` would cost as much as the rest of the guard. */
export const storeOnRequest: StoreState = (key, state) => {
  const rawHeaders = places.isRawHeadersUsed ? rawHeadersOf(key) : undefined
  places.isRequestUsed = true
  const stored = storeOn(key, key, state)
  if (rawHeaders?.[STATE] !== undefined) replaceOutdated(rawHeaders, key, stored)
  return stored
}

/** What an earlier guard stored on `rawHeaders` would be found first. */
function replaceOutdated(rawHeaders: Holder, key: object, stored: StoredState): void {
  try {
    rawHeaders[STATE] = undefined
  } catch {
    // Frozen since then.
    storeSealed(key, stored)
  }
}

/**
 * Stores the state on `rawHeaders`, because Express replaces the prototype of each request: V8 then gives every request
 * its own hidden class, and adding a property to it costs more than the rest of the guard.
 */
export const storeOnRawHeaders: StoreState = (key, state) => {
  const rawHeaders = rawHeadersOf(key)
  if (rawHeaders === undefined) return storeOnRequest(key, state)
  places.isRawHeadersUsed = true
  return storeOn(rawHeaders, key, state)
}

function rawHeadersOf(key: object): Holder | undefined {
  const { rawHeaders } = key as { readonly rawHeaders?: unknown }
  return Array.isArray(rawHeaders) ? (rawHeaders as Holder) : undefined
}

function storeOn(holder: Holder, key: object, state: RequestState): StoredState {
  const stored = new StoredState(key, state)
  try {
    holder[STATE] = stored
    places.sealed?.delete(key)
  } catch {
    storeSealed(key, stored)
  }
  return stored
}

function storeSealed(key: object, stored: StoredState): void {
  places.sealed ??= new WeakMap()
  places.sealed.set(key, stored)
}
