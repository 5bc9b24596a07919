import { processWide } from '../../src/util/process-wide.js'
import {
  setTokenProperty,
  warnOfForeignProperty,
  type TokenProperty,
} from '../../src/guard/request-property.js'

/** The methods of a Fastify instance that are used here. */
export interface RequestScope {
  hasRequestDecorator(name: string): boolean
  decorateRequest(name: string, value: null): unknown
}

/** The names that guards have decorated, by instance. Shared by all copies of the package, because they may be nested. */
const DECORATED = Symbol.for('m2m-guard@0/fastify-decorated')
const decorated = processWide(DECORATED, () => new WeakMap<object, Set<string>>())

/** Whether another plugin has decorated requests of this scope with the name. */
function isForeign(scope: RequestScope, name: string): boolean {
  return scope.hasRequestDecorator(name) && decorated.get(scope)?.has(name) !== true
}

/**
 * Decorates the requests of a scope when all plugins are loaded. Decorated earlier, a plugin that is registered later and
 * decorates the same name, such as `@clerk/fastify`, could not start. Emits a process warning if another plugin has
 * decorated the name.
 */
export function decorateWhenReady(scope: RequestScope, name: string): void {
  if (!scope.hasRequestDecorator(name)) {
    scope.decorateRequest(name, null)
    decorated.set(scope, (decorated.get(scope) ?? new Set()).add(name))
  } else if (isForeign(scope, name)) {
    warnOfForeignProperty(name)
  }
}

/** The property of requests that contains the accepted token. */
export class ScopeProperty {
  readonly #name: string | false
  // Caches one scope, because nearly all requests of a guard belong to one.
  #scope: RequestScope | undefined
  #isForeign = false

  constructor(name: string | false) {
    this.#name = name
  }

  /** Sets the token, or `null`. Leaves the decorator of another plugin as it is. */
  set(request: { readonly server: RequestScope }, result: TokenProperty): void {
    if (this.#name === false) return
    const { server } = request
    if (server !== this.#scope) this.#enter(server, this.#name)
    if (!this.#isForeign) setTokenProperty(request, result, null)
  }

  /** Sets `null` on a public route, unless another guard has accepted a token. */
  initialize(request: { readonly server: RequestScope }): void {
    if (this.#name !== false && Reflect.get(request, this.#name) === undefined)
      this.set(request, { property: this.#name, token: undefined, replaced: undefined })
  }

  #enter(scope: RequestScope, name: string): void {
    this.#scope = scope
    this.#isForeign = isForeign(scope, name)
    if (this.#isForeign) warnOfForeignProperty(name)
  }
}
