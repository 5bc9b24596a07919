import type { Issuance } from '../support/tokens.js'
import type { Callee, Manner } from '../verifiers/measure.js'

/** With which keys and tokens a choice is measured. */
export type Algorithm = 'RS256' | 'ES256'

/** What a way is made with. */
export interface Provision {
  readonly issuance: Issuance
  readonly tokens: readonly string[]
}

export type Provisions = Readonly<Record<Algorithm, Provision>>

/** Under which circumstances all the ways are measured. */
export interface Situation extends Pick<Manner, 'mode' | 'perTurn'> {
  /** Nothing where there is but one. */
  readonly id: string
  readonly algorithm: Algorithm
}

/** One way to do a thing. */
export interface Way {
  readonly name: string
  readonly make: (provision: Provision) => Callee | Promise<Callee>
}

/** A thing that can be done in several ways, one of which is the library's. */
export interface Choice {
  readonly id: string
  readonly title: string
  /** How many digits of a microsecond tell the ways apart. */
  readonly digits: number
  /** How often one call does the thing: for what takes no longer than the call itself. */
  readonly repeats?: number
  readonly situations: readonly Situation[]
  /** The first is the one that was chosen: the others are compared with it. */
  readonly ways: readonly Way[]
}

/** For what keeps the thread: as many calls as do not hold up the event loop. */
export const ONE_AFTER_ANOTHER: Situation = {
  id: '',
  algorithm: 'RS256',
  mode: 'sequential',
  perTurn: 64,
}

const isSomething = (result: unknown): boolean => result !== undefined && result !== false

/** Answers without a promise; undefined and false are failures. */
export function atOnce(call: () => unknown): Callee {
  return { call, awaited: false, isAccepted: isSomething }
}

/** Answers with a promise, or now and then. */
export function awaited(call: () => unknown): Callee {
  return { call, awaited: true, isAccepted: isSomething }
}

/** Gives the tokens in turn, each time as a new text, as a server would: no text's hash is known to the engine. */
export function freshTexts(tokens: readonly string[]): () => string {
  const bytes = tokens.map((token) => Buffer.from(token, 'latin1'))
  let next = 0
  return () => {
    next = (next + 1) % bytes.length
    return bytes[next]?.toString('latin1') ?? ''
  }
}
