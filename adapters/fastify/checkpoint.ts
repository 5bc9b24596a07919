import type { FastifyReply, FastifyRequest } from 'fastify'
import { Guard, Requirement } from '../../src/guard/guard.js'
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

/** A guard, which sets its property on public routes too. */
interface GuardCheckpoint extends FastifyCheckpoint {
  readonly property: ScopeProperty
}

/** Creates a guard that sets a property of the requests. */
export function createCheckpoint(
  verifier: Verifier,
  policy: Policy | undefined,
  options: (GuardOptions<FastifyOnRefusal> & PropertyOptions) | undefined,
  added?: Policy,
): GuardCheckpoint {
  const guard = new Guard<FastifyRequest['raw'], FastifyOnRefusal>(
    verifier,
    policy,
    options,
    storeOnRequest,
    PROPERTY_GUARD_OPTIONS,
    added === undefined ? [] : [added],
  )
  return { guard, property: new ScopeProperty(guard.settings.property ?? false) }
}

/** Creates a requirement behind a guard. It sets the property of that guard. */
export function createRequirement(policy: Policy): FastifyCheckpoint {
  const requirement = new Requirement<FastifyRequest['raw'], FastifyOnRefusal>(policy)
  const properties = new Map<string, ScopeProperty>()
  return {
    guard: {
      enter: (key, request) => {
        const result = requirement.enter(key, request)
        return result instanceof Promise ? result.catch(failWithoutDetail) : result
      },
    },
    property: {
      set(request, result) {
        if (result.property === false) return
        const property = properties.get(result.property) ?? new ScopeProperty(result.property)
        properties.set(result.property, property)
        property.set(request, result)
      },
    },
  }
}

/** Fastify sends the message of an error, and callers must not learn that a route has no guard. */
function failWithoutDetail(error: unknown): never {
  throw createConfigurationFault(error)
}

/** Creates the hook of a guard or a requirement. `call` is its function, for errors. */
export function hookOf(checkpoint: FastifyCheckpoint, call = 'guard'): Hook {
  return (request, reply, done) => {
    // Awaited in a custom hook, the guard would return before it has decided, and the route would be unprotected.
    if (typeof (done as unknown) !== 'function') {
      throw createConfigurationFault(
        new TypeError(`${call}() must be passed to Fastify as an onRequest hook`),
      )
    }
    conclude(admits(checkpoint, request, reply), done, reply)
  }
}
