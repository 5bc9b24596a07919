import { createParamDecorator, UseGuards, type ExecutionContext } from '@nestjs/common'
import type { AccessToken } from '../../src/model/access-token.js'
import type { ScopeDemand } from '../../src/model/scopes.js'
import { policyArgument, refuseUndefined, scopesPolicy } from '../../src/guard/arguments.js'
import { acceptedToken, optionalAcceptedToken } from '../../src/guard/guard.js'
import { ConfigurationError } from '../../src/options/configuration-error.js'
import { readOptions } from '../../src/options/read-options.js'
import type { TableOf } from '../../src/options/reader.js'
import { boolean } from '../../src/options/readers.js'
import { compilePolicy } from '../../src/policy/compile.js'
import type { Policy } from '../../src/policy/policy.js'
import { incomingOf } from './exchange.js'
import { requireHttp } from './guard.js'
import { RequirementGuard } from './requirement-guard.js'
import { addMember, addPolicy, declarePublic, type Target } from './requirements.js'

/** Decorator of a controller, or of a method that handles requests. */
export type ControllerDecorator = ClassDecorator & MethodDecorator

/**
 * Requires scopes for a controller or a handler. Every argument is required, in addition to the policy of the module, and a
 * handler needs the scopes of its class, and of a method that it overrides, too. A request without them gets 403 `insufficient_scope`.
 *
 * Also adds the guard, so that the requirement applies without `APP_GUARD` and `@UseGuards(M2mGuard)`.
 *
 * @throws ConfigurationError without scopes, for an argument that is not a scope, and on a class or method with
 *   {@link Public}.
 *
 * @example
 * ```ts
 * const ListOrders = () => applyDecorators(Get('orders'), Scopes('orders:read'))
 * ```
 */
export function Scopes(...scopes: readonly ScopeDemand[]): ControllerDecorator {
  const policy = scopesPolicy(scopes, '@Scopes()')
  compilePolicy('@Scopes()', policy)
  return requirement('@Scopes()', policy)
}

/**
 * Requires a policy for a controller or a handler, in addition to the policy of the module. A handler needs the policy of its
 * class too. Also adds the guard, like {@link Scopes}.
 *
 * @throws ConfigurationError if the policy is invalid, for a further argument, and on a class or method with {@link Public}.
 *
 * @example
 * ```ts
 * const CreateRefund = () => applyDecorators(Post('refunds'), RequirePolicy({ scopes: 'refunds:write', confirmAfter: 0 }))
 * ```
 */
export function RequirePolicy(policy: Policy): ControllerDecorator
export function RequirePolicy(...args: readonly [Policy]): ControllerDecorator {
  refuseUndefined('@RequirePolicy(): policy', args[0])
  const policy = policyArgument('@RequirePolicy()', args)
  compilePolicy('@RequirePolicy()', policy)
  return requirement('@RequirePolicy()', policy)
}

/**
 * Makes a controller or a handler public: the guard lets every request pass, and reads no token. On a handler it also lifts
 * the requirements of its class, and those of a method that it overrides. A handler with a requirement, or with a guard of this
 * package in `@UseGuards()`, is not public, although its class may be. The same holds for a subclass.
 *
 * @throws ConfigurationError on a class or method with {@link Scopes} or {@link RequirePolicy}.
 *
 * @example
 * ```ts
 * const Health = () => applyDecorators(Get('health'), Public())
 * ```
 */
export function Public(): ControllerDecorator {
  return decorate('@Public()', (target) => {
    declarePublic('@Public()', target)
  })
}

/** Options of {@link Token}. */
export interface TokenOptions {
  /**
   * Whether the parameter is `undefined` if no guard has accepted a token: behind an optional guard, in report mode and in
   * public handlers. Otherwise the request gets a 500.
   *
   * @defaultValue `false`
   */
  readonly optional?: boolean
}

const TOKEN_OPTIONS = { optional: boolean({ default: false }) } satisfies TableOf<TokenOptions>

const injectToken = createParamDecorator(
  (isOptional: boolean | undefined, context: ExecutionContext): AccessToken | undefined => {
    requireHttp(context)
    const incoming = incomingOf(context.switchToHttp().getRequest<object>())
    return isOptional === true ? optionalAcceptedToken(incoming) : acceptedToken(incoming)
  },
)

/**
 * Injects the access token that a guard accepted into a parameter of a handler.
 *
 * @throws ConfigurationError for an unknown or invalid option.
 *
 * @example
 * ```ts
 * const OptionalToken = () => Token({ optional: true })
 * ```
 */
export function Token(options: TokenOptions = {}): ParameterDecorator {
  const { optional } = readOptions('@Token()', options, TOKEN_OPTIONS)
  return (target, name, index) => {
    if (name === undefined)
      throw new ConfigurationError(
        '@Token()',
        'must be on a parameter of a handler, not of a constructor. A request-scoped provider reads the token with accessToken(request)',
      )
    injectToken(optional)(target, name, index)
  }
}

function requirement(name: string, policy: Policy): ControllerDecorator {
  return decorate(name, (target, addGuard) => {
    addPolicy(name, target, policy)
    addGuard(UseGuards(RequirementGuard))
  })
}

/** Applies another decorator to the same class or method. */
type Reapply = (decorator: ControllerDecorator) => void

function decorate(name: string, apply: (target: Target, reapply: Reapply) => void): ControllerDecorator {
  const decorator = (target: unknown, key?: unknown, descriptor?: unknown): void => {
    if (typeof target === 'function' && key === undefined && descriptor === undefined) {
      apply(target, (other) => {
        other(target)
      })
      return
    }
    const handler = handlerOf(name, target, key, descriptor)
    apply(handler, (other) => {
      other(target as object, key as string, descriptor as PropertyDescriptor)
    })
    addMember((target as object).constructor, { name: key as string | symbol, handler })
  }
  return decorator
}

/** @throws ConfigurationError unless a decorator is on a method of an instance. */
function handlerOf(name: string, target: unknown, key: unknown, descriptor: unknown): Target {
  if (typeof key === 'object' && key !== null && 'kind' in key)
    throw new ConfigurationError(
      name,
      'is a decorator of the earlier proposal, as those of Nest are. Set "experimentalDecorators": true in tsconfig.json',
    )
  const { value } = (descriptor ?? {}) as { readonly value?: unknown }
  if (typeof target === 'object' && typeof value === 'function') return value
  throw new ConfigurationError(
    name,
    'must be on a controller or on a method that handles requests, not on a property, accessor, parameter or static method',
  )
}
