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

  /** `undefined` for a copy of the request, whose headers may be different. */
  static read(key: object, stored: unknown): RequestState | undefined {
    return stored instanceof StoredState && stored.#key === key ? stored.#state : undefined
  }
}

/** Stores state on a request, and returns the result that lets it pass. */
export type StoreState = (key: object, state: RequestState) => StoredState

const STATE = Symbol('m2m-guard')

interface Holder {
  [STATE]?: StoredState | undefined
}

// The lookup is skipped until a guard has stored something in that place.
let isRequestUsed = false
let isRawHeadersUsed = false

/** For requests that are not extensible. */
let sealed: WeakMap<object, StoredState> | undefined

/** The state that an earlier guard stored; of several, the last. */
export function stateOf(key: object): RequestState | undefined {
  return (
    StoredState.read(key, sealed?.get(key)) ??
    (isRawHeadersUsed ? StoredState.read(key, rawHeadersOf(key)?.[STATE]) : undefined) ??
    (isRequestUsed ? StoredState.read(key, (key as Holder)[STATE]) : undefined)
  )
}

/** Stores the state as a property of the request: a `WeakMap` would cost as much as the rest of the guard. */
export const storeOnRequest: StoreState = (key, state) => {
  const rawHeaders = isRawHeadersUsed ? rawHeadersOf(key) : undefined
  if (rawHeaders?.[STATE] !== undefined) rawHeaders[STATE] = undefined
  isRequestUsed = true
  return storeOn(key, key, state)
}

/**
 * Stores the state on `rawHeaders`, because Express replaces the prototype of each request: V8 then gives every request
 * its own hidden class, and adding a property to it costs more than the rest of the guard.
 */
export const storeOnRawHeaders: StoreState = (key, state) => {
  const rawHeaders = rawHeadersOf(key)
  if (rawHeaders === undefined) return storeOnRequest(key, state)
  isRawHeadersUsed = true
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
    sealed?.delete(key)
  } catch {
    sealed ??= new WeakMap()
    sealed.set(key, stored)
  }
  return stored
}
