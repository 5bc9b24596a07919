import type { AccessToken } from './access-token.js'
import type { Passage } from './authorize.js'
import type { Verifier } from './create-verifier.js'
import type { RefusalReason } from './refusal.js'

/** What a guard knows of a request that it let pass. */
export interface Left<Settings = unknown> {
  readonly verifier: Verifier
  readonly settings: Settings
  readonly token: AccessToken | undefined
  readonly passage: Passage | undefined
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
  readonly #left: Left

  constructor(key: object, left: Left) {
    this.#key = key
    this.#left = left
  }

  get token(): AccessToken | undefined {
    return this.#left.token
  }

  /** Nothing for a copy of the request, whose headers may say something else. */
  static leftOn(key: object, guarded: unknown): Left | undefined {
    return guarded instanceof Guarded && guarded.#key === key ? guarded.#left : undefined
  }
}

/** Leaves something behind on a request; gives back what lets it pass. */
export type Leave = (key: object, left: Left) => Guarded

const GUARDED = Symbol('m2m-guard')

/** Whether anything was ever left on a request itself, and beside one: nobody looks where there is nothing. */
let isMemberUsed = false
let beside: WeakMap<object, Guarded> | undefined

/** What an earlier guard has left of a request. Beside it is what was left last, if there is anything. */
export function leftOf(key: object): Left | undefined {
  const left = beside === undefined ? undefined : Guarded.leftOn(key, beside.get(key))
  if (left !== undefined || !isMemberUsed) return left
  return Guarded.leftOn(key, (key as { readonly [GUARDED]?: unknown })[GUARDED])
}

/** As a member of the request: a map would cost as much as the rest of the way. */
export const leaveOnRequest: Leave = (key, left) => {
  const guarded = new Guarded(key, left)
  try {
    ;(key as { [GUARDED]?: Guarded })[GUARDED] = guarded
  } catch {
    // It takes no further members.
    return leaveBesideRequest(key, left)
  }
  isMemberUsed = true
  beside?.delete(key)
  return guarded
}

/**
 * In a map: for requests whose prototype is set one by one, as Express does. The engine then takes each for a kind of
 * its own, and a new member costs more than the rest of the way.
 */
export const leaveBesideRequest: Leave = (key, left) => {
  const guarded = new Guarded(key, left)
  beside ??= new WeakMap()
  beside.set(key, guarded)
  return guarded
}
