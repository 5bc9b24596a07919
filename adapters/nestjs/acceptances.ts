import type { IncomingMessage } from 'node:http'
import { processWide } from '../../src/util/process-wide.js'
import type { Target } from './requirements.js'

/** A guard that has accepted a request for a handler of a class. Classes may inherit one handler. */
export interface Acceptance {
  /** The guards of one module or decorator. */
  readonly guards: object
  readonly type: Target
  readonly handler: Target
}

/**
 * What guards have accepted, by request. A guard of the whole application and the one that a decorator adds are different
 * instances, and only the first decides.
 */
const accepted = processWide(
  Symbol.for('m2m-guard@0/nestjs-accepted/2'),
  () => new WeakMap<IncomingMessage, readonly Acceptance[]>(),
)

/** Whether a request was accepted for a handler, by certain guards or, without `guards`, by any. */
export function hasAccepted(
  incoming: IncomingMessage,
  type: Target,
  handler: Target,
  guards?: object,
): boolean {
  const earlier = accepted.get(incoming)
  if (earlier === undefined) return false
  return earlier.some(
    (entry) => entry.type === type && entry.handler === handler && (guards ?? entry.guards) === entry.guards,
  )
}

/** Stores that a request was accepted. The list of one acceptance is shared by all requests of a route. */
export function storeAcceptance(incoming: IncomingMessage, acceptance: readonly [Acceptance]): void {
  const earlier = accepted.get(incoming)
  accepted.set(incoming, earlier === undefined ? acceptance : [...earlier, ...acceptance])
}
