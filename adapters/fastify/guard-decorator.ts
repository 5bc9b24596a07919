import type { FastifyInstance } from 'fastify'
import type { Policy } from '../../src/policy/policy.js'
import type { FastifyGuardHook } from './types.js'

type CreateHook = (...args: readonly [policy?: Policy]) => FastifyGuardHook

/** Mark of the instances with an `app.guard` of this package. Shared by all copies of the package. */
const INSTALLED = Symbol.for('m2m-guard@0/fastify-installation')

/** What `app.guard()` of one instance calls. */
interface Installation {
  create: CreateHook
}

/**
 * Adds `app.guard`, which uses the options of the last registration in the scope. Leaves an `app.guard` of another plugin as
 * it is, also one of an outer scope, with a process warning.
 */
export function decorateGuard(app: FastifyInstance, create: CreateHook): void {
  if (Object.hasOwn(app, INSTALLED)) {
    const installed = Reflect.get(app, INSTALLED) as Installation
    installed.create = create
  } else if (isForeign(app)) {
    warnOfForeignGuard()
  } else {
    const installed: Installation = { create }
    app.decorate(INSTALLED, installed)
    app.decorate('guard', (...args: readonly [policy?: Policy]) => installed.create(...args))
  }
}

/** Whether the scope has, or inherits, an `app.guard` of another plugin. */
function isForeign(app: FastifyInstance): boolean {
  let holder: object | null = app
  while (holder !== null && !Object.hasOwn(holder, 'guard'))
    holder = Object.getPrototypeOf(holder) as object | null
  return holder !== null && holder !== Object.prototype && !Object.hasOwn(holder, INSTALLED)
}

function warnOfForeignGuard(): void {
  process.emitWarning(
    'app.guard belongs to another plugin, and m2mGuard does not overwrite it. Use guard(verifier, policy) of ' +
      'm2m-guard/fastify as a hook, or config: { auth: policy }. Set `decorators: false` to omit this warning',
    { code: 'M2M_GUARD_DECORATOR_TAKEN' },
  )
}
