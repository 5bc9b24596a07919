import type { IncomingMessage } from 'node:http'
import type { ExecutionContext } from '@nestjs/common'
import { bodyOf, contentTypeOf, type RefusalBody } from '../../src/model/refusal/body.js'
import { Refusal } from '../../src/model/refusal/refusal.js'
import type { GuardResult } from '../../src/guard/checkpoint.js'
import { Guard } from '../../src/guard/guard.js'
import { PROPERTY_GUARD_OPTIONS } from '../../src/guard/options.js'
import { afterIfConnected } from '../../src/guard/node-response.js'
import { setTokenProperty } from '../../src/guard/request-property.js'
import { storeOnRawHeaders } from '../../src/guard/request-state.js'
import type { Policy } from '../../src/policy/policy.js'
import type { Verifier } from '../../src/verifier/verifier.js'
import { storeAcceptance, type Acceptance } from './acceptances.js'
import {
  closeIfUnread,
  exchangeOf,
  ignoreWritesAfterResponse,
  incomingOf,
  type Exchange,
} from './exchange.js'
import { RefusalException } from './exception.js'
import { policiesOf, type Target } from './requirements.js'
import type { NestGuardOptions, NestOnRefusal } from './types.js'

type NestGuard = Guard<IncomingMessage, NestOnRefusal>
type NestResult = GuardResult<NestOnRefusal>

/** The guard of a handler, and the list that is stored for each request that it accepts. */
interface Route {
  readonly guard: NestGuard
  readonly acceptance: readonly [Acceptance]
}

/** The guards of one verifier, policy and options: one for each handler with a different set of requirements. */
export class RouteGuards {
  readonly #create: (added: readonly Policy[]) => NestGuard
  readonly #withoutRequirements: NestGuard
  readonly #byHandler = new WeakMap<Target, WeakMap<Target, Route>>()

  /** @throws ConfigurationError if the verifier, the policy or an option is invalid. */
  constructor(verifier: Verifier, policy: Policy | undefined, options: NestGuardOptions | undefined) {
    // A requirement needs a token, also behind an optional guard.
    this.#create = (added) =>
      new Guard(
        verifier,
        policy,
        added.length === 0 ? options : { ...options, optional: false },
        storeOnRawHeaders,
        PROPERTY_GUARD_OPTIONS,
        added,
      )
    this.#withoutRequirements = this.#create([])
  }

  /** Returns the guard of a handler. Its requirements and the policy are one decision, so that a request has one event. */
  guardOf(type: Target, handler: Target): NestGuard {
    return this.#routeOf(type, handler).guard
  }

  #routeOf(type: Target, handler: Target): Route {
    let byType = this.#byHandler.get(handler)
    if (byType === undefined) this.#byHandler.set(handler, (byType = new WeakMap()))
    let route = byType.get(type)
    if (route === undefined) {
      const policies = policiesOf(type, handler)
      const guard = policies.length === 0 ? this.#withoutRequirements : this.#create(policies)
      route = { guard, acceptance: [{ guards: this, type, handler }] }
      byType.set(type, route)
    }
    return route
  }

  /**
   * Whether a request may continue. The result is a promise only if it has to wait, because Nest continues sooner without.
   *
   * @throws RefusalException if it is refused.
   */
  admits(request: object, context: ExecutionContext): boolean | Promise<boolean> {
    const { guard, acceptance } = this.#routeOf(context.getClass(), context.getHandler())
    const incoming = incomingOf(request)
    const proceed = (result: NestResult): boolean | Promise<boolean> => {
      if (!result.passes) return refuse(guard, result, exchangeOf(context), context)
      setTokenProperty(request, result)
      storeAcceptance(incoming, acceptance)
      return true
    }
    const entered = guard.enter(incoming, incoming)
    if (!(entered instanceof Promise)) return proceed(entered)
    const exchange = exchangeOf(context)
    return afterIfConnected(entered, exchange.outgoing, proceed, abandon, exchange)
  }
}

function abandon(exchange: Exchange): Promise<never> {
  exchange.abandon()
  return endOfRequest()
}

async function refuse(
  { settings: { body } }: NestGuard,
  { refusal, onRefusal }: Extract<NestResult, { passes: false }>,
  exchange: Exchange,
  context: ExecutionContext,
): Promise<boolean> {
  closeIfUnread(exchange)
  if (onRefusal !== undefined) {
    try {
      if (await exchange.isAnsweredBy(() => onRefusal(refusal, context))) return await endOfRequest()
    } catch (error) {
      // The filters of Nest know the status of their own exceptions only.
      throw error instanceof Refusal ? exceptionOf(error, body, exchange) : error
    }
    ignoreWritesAfterResponse(exchange)
  }
  throw exceptionOf(refusal, body, exchange)
}

/** Creates the exception of a refusal, and sets its headers, so that every filter keeps them. */
function exceptionOf(refusal: Refusal, body: RefusalBody, exchange: Exchange): RefusalException {
  for (const [name, value] of Object.entries(refusal.headers)) exchange.setHeader(name, value)
  // The platforms send the other media type by themselves, and a filter may send another body.
  if (body === 'problem') exchange.setHeader('Content-Type', contentTypeOf(body))
  return new RefusalException(refusal, bodyOf(refusal, body))
}

/**
 * Returns a promise that is never settled, for a request that has a response or no caller. With any other result Nest would
 * run the handler, or call exception filters, which respond a second time.
 */
function endOfRequest(): Promise<never> {
  return new Promise(() => undefined)
}
