import { processWide } from '../util/process-wide.js'
import type { AccessToken } from '../model/access-token.js'
import type { ResolvedRequest } from '../verifier/decision-context.js'
import type { Verifier } from '../verifier/verifier.js'
import type { RefusalReason } from '../model/refusal/reasons.js'

/** The settings of a guard that every adapter reads. */
interface StoredSettings {
  readonly property?: string | false
}

/** State that a guard stores on a request, for later guards on the same request. */
export interface RequestState<Settings = StoredSettings> {
  readonly verifier: Verifier
  readonly settings: Settings
  readonly token: AccessToken | undefined
  /** The token of the guard before, which the request may have as a property. */
  readonly replaced: AccessToken | undefined
  readonly resolved: ResolvedRequest | undefined
  /** The reason for which a guard in report mode would have refused the request. */
  readonly reported: RefusalReason | undefined
  /** Other verifiers whose guards have decided on the request before. */
  readonly others: readonly Verifier[] | undefined
  /** Whether the guard has refused the request, so that only the fact that it decided counts. */
  readonly isRefused: boolean
}

/**
 * Keys shared by all copies of the same major version of the package, because one copy may guard an app and another may
 * read the token. They are symbols, so that a request cannot contain them.
 */
const STATE = Symbol.for('m2m-guard@0/request-state')
const READ = Symbol.for('m2m-guard@0/read-request-state')
const PLACES = Symbol.for('m2m-guard@0/request-state-places')

/** The stored state. Its fields are private, so that a logged request does not show the token. */
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

  /** The token of the guard before. */
  get replaced(): AccessToken | undefined {
    return this.#state.replaced
  }

  /** The property of the request that contains the token. */
  get property(): string | false {
    return this.#state.settings.property ?? false
  }

  /** For other copies of the package. Returns `undefined` for a copy of the request, whose headers may differ. */
  [READ](key: object): RequestState | undefined {
    return this.#key === key ? this.#state : undefined
  }

  static read(key: object, stored: StoredState | undefined): RequestState | undefined {
    if (stored === undefined) return undefined
    if (stored instanceof StoredState) return stored.#key === key ? stored.#state : undefined
    return (stored as StoredState)[READ](key)
  }
}

/** Stores state on a request and returns the result of an accepted request. */
export type StoreState = (key: object, state: RequestState) => StoredState

interface Holder {
  [STATE]?: StoredState | undefined
}

/** The places in which guards have stored state. Lookups in other places are skipped. */
interface Places {
  isRequestUsed: boolean
  isRawHeadersUsed: boolean
  /** State of requests that cannot get a property, such as frozen ones. */
  sealed: WeakMap<object, StoredState> | undefined
}

/** Shared by all copies of the package. */
// Sealed, because Jest replaces the configurable properties of global objects after each test file by accessors that
// overflow the stack when they are set, and a request of the file may still be in flight.
const places = processWide(PLACES, (): Places =>
  Object.seal({ isRequestUsed: false, isRawHeadersUsed: false, sealed: undefined }),
)

/** Returns the state that the last of the earlier guards stored. */
export function stateOf(key: object): RequestState | undefined {
  return (
    StoredState.read(key, places.sealed?.get(key)) ??
    (places.isRawHeadersUsed ? StoredState.read(key, rawHeadersOf(key)?.[STATE]) : undefined) ??
    (places.isRequestUsed ? StoredState.read(key, (key as Holder)[STATE]) : undefined)
  )
}

/** Stores the state as a property of the request, because a `WeakMap` would take as long as the rest of the guard. */
export const storeOnRequest: StoreState = (key, state) => {
  const rawHeaders = places.isRawHeadersUsed ? rawHeadersOf(key) : undefined
  places.isRequestUsed = true
  const stored = storeOn(key, key, state)
  if (rawHeaders?.[STATE] !== undefined) replaceOutdated(rawHeaders, key, stored)
  return stored
}

/** Removes the state that an earlier guard stored on `rawHeaders`, because lookups would find it first. */
function replaceOutdated(rawHeaders: Holder, key: object, stored: StoredState): void {
  try {
    rawHeaders[STATE] = undefined
  } catch {
    // The list was frozen after the earlier guard.
    storeSealed(key, stored)
  }
}

/**
 * Stores the state on `rawHeaders`, because Express replaces the prototype of each request. V8 then gives every request
 * its own hidden class, and adding a property to it takes longer than the rest of the guard.
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
