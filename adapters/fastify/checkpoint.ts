import type { FastifyReply, FastifyRequest } from 'fastify'
import { Guard } from '../../src/guard/guard.js'
import { PROPERTY_GUARD_OPTIONS, type GuardOptions, type PropertyOptions } from '../../src/guard/options.js'
import { storeOnRequest } from '../../src/guard/request-state.js'
import { createConfigurationFault } from '../../src/guard/route-policy.js'
import type { Policy } from '../../src/policy/policy.js'
import type { Verifier } from '../../src/verifier/verifier.js'
import { admits, conclude, type FastifyCheckpoint } from './admission.js'
import { ScopeProperty } from './scope-property.js'
import type { FastifyOnRefusal } from './types.js'

/** A hook of a guard, whose parameters have the default types of Fastify. */
export type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/** Creates a guard that sets a property of the requests. */
export function createCheckpoint(
  verifier: Verifier,
  policy: Policy | undefined,
  options: (GuardOptions<FastifyOnRefusal> & PropertyOptions) | undefined,
  added?: Policy,
): FastifyCheckpoint {
  const guard: FastifyCheckpoint['guard'] = new Guard(
    verifier,
    policy,
    options,
    storeOnRequest,
    PROPERTY_GUARD_OPTIONS,
    added === undefined ? [] : [added],
  )
  return { guard, property: new ScopeProperty(guard.settings.property ?? false) }
}

/** Creates the hook of a guard. */
export function hookOf(checkpoint: FastifyCheckpoint): Hook {
  return (request, reply, done) => {
    // Awaited in a custom hook, the guard would return before it has decided, and the route would be unprotected.
    if (typeof (done as unknown) !== 'function') {
      throw createConfigurationFault(new TypeError('guard() must be passed to Fastify as an onRequest hook'))
    }
    conclude(admits(checkpoint, request, reply), done, reply)
  }
}
