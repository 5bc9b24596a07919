import type { AccessToken } from '../model/access-token.js'
import type { ResolvedRequest } from '../verifier/authorizer.js'
import type { Verifier } from '../verifier/create-verifier.js'
import type { RefusalReason } from '../model/refusal-reasons.js'

/** What a guard knows of a request that it let pass. */
export interface RequestState<Settings = unknown> {
  readonly verifier: Verifier
  readonly settings: Settings
  readonly token: AccessToken | undefined
  readonly passage: ResolvedRequest | undefined
  /** What a guard that only reports would have refused the request for. */
  readonly reported: RefusalReason | undefined
}

/**
 * What a guard leaves behind for the guards and demands further in, and for one request only. All of it is private, so
 * that a logged request shows nothing of the token.
 */
class Guarded {
  readonly passes = true
  readonly #key: object
  readonly #left: RequestState

  constructor(key: object, left: RequestState) {
    this.#key = key
    this.#left = left
  }

  get token(): AccessToken | undefined {
    return this.#left.token
  }

  /** Nothing for a copy of the request, whose headers may say something else. */
  static leftOn(key: object, guarded: unknown): RequestState | undefined {
    return guarded instanceof Guarded && guarded.#key === key ? guarded.#left : undefined
  }
}

/** Leaves something behind on a request; gives back what lets it pass. */
export type StoreState = (key: object, left: RequestState) => Guarded

const GUARDED = Symbol('m2m-guard')

interface Place {
  [GUARDED]?: Guarded | undefined
}

/** Nobody looks where nothing was ever left. */
let isMemberUsed = false
let isListUsed = false

/** For requests that take no further members. */
let sealed: WeakMap<object, Guarded> | undefined

/** What an earlier guard has left of a request; of several, the last one. */
export function stateOf(key: object): RequestState | undefined {
  return (
    Guarded.leftOn(key, sealed?.get(key)) ??
    (isListUsed ? Guarded.leftOn(key, linesOf(key)?.[GUARDED]) : undefined) ??
    (isMemberUsed ? Guarded.leftOn(key, (key as Place)[GUARDED]) : undefined)
  )
}

/** As a member of the request: a map would cost as much as the rest of the way. */
export const storeOnRequest: StoreState = (key, left) => {
  const lines = isListUsed ? linesOf(key) : undefined
  if (lines?.[GUARDED] !== undefined) lines[GUARDED] = undefined
  isMemberUsed = true
  return storeOn(key, key, left)
}

/**
 * As a member of the request's list of header lines: for requests whose prototype is set one by one, as Express does.
 * The engine then takes each for a kind of its own, to which a new member costs more than the rest of the way, and a map
 * costs the garbage collector as much; their lists are lists like any other.
 */
export const storeOnRawHeaders: StoreState = (key, left) => {
  const lines = linesOf(key)
  if (lines === undefined) return storeOnRequest(key, left)
  isListUsed = true
  return storeOn(lines, key, left)
}

/** The header lines as they came: Node makes a list of them for each request. */
function linesOf(key: object): Place | undefined {
  const { rawHeaders } = key as { readonly rawHeaders?: unknown }
  return Array.isArray(rawHeaders) ? (rawHeaders as Place) : undefined
}

function storeOn(place: Place, key: object, left: RequestState): Guarded {
  const guarded = new Guarded(key, left)
  try {
    place[GUARDED] = guarded
    sealed?.delete(key)
  } catch {
    sealed ??= new WeakMap()
    sealed.set(key, guarded)
  }
  return guarded
}
