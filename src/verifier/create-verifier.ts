import { Authorizer, FIRST_GUARD, type DecisionResult } from './authorizer.js'
import type { Clock } from '../util/clock.js'
import { clock } from '../options/clock.js'
import { readOptions } from '../options/read-options.js'
import { custom, optional, type TableOf, restricting } from '../options/reader.js'
import { func, oneOf } from '../options/readers.js'
import { ConfigurationError } from '../options/configuration-error.js'
import type { Decision, DecisionObserver } from '../model/decision.js'
import { duration, type Duration } from '../options/duration.js'
import { connectIssuer, type ConnectedIssuer } from './issuer-connection.js'
import type { Issuer } from '../model/issuer.js'
import type { IssuerObserver } from '../model/issuer-events.js'
import { createRouter } from './token-router.js'
import { loadJose } from '../util/load-jose.js'
import { verifyWithJose, verifyWithNode, type SignatureVerifier } from '../jwt/signature.js'
import type { Policy } from '../policy/policy.js'
import { policyOption } from '../policy/compile.js'
import { cacheOption, createTokenCache, type CacheOptions } from './token-cache.js'
import { TokenResolver } from './token-resolver.js'
import { healthOf, loadAll } from './readiness.js'
import { setInternals, type Verifier } from './verifier.js'
import { assertIssuer } from './check-issuer.js'
import { policySets } from '../policy/policy-sets.js'

/** Options of {@link createVerifier}. */
export interface VerifierOptions {
  /** Whose tokens are accepted: one or more, made by `oauth`, `clerk`, `stytch`, `authlete` or by hand. */
  readonly issuers: readonly Issuer[]
  /** Holds for every request; a route's policy adds to it. */
  readonly policy?: Policy
  /** How far clocks may disagree when `exp`, `nbf` and `iat` are judged. Default `'5s'`, at most `'60s'`. */
  readonly clockTolerance?: Duration
  /** How many tokens are remembered; `false` remembers none. Default 10,000 accepted and 1,000 refused. */
  readonly cache?: CacheOptions | false
  /**
   * What checks the signatures of JWTs: `'node'` is Node's own `crypto.verify`, on the thread of the event loop as
   * long as there is time for it and beyond that in the thread pool, and jose for algorithms it is not used for;
   * `'jose'` is jose alone. Both are held against each other by tests. Default `'node'`.
   */
  readonly signatures?: 'node' | 'jose'
  /** The time in milliseconds since the epoch, for tests. Default: the system's clocks. */
  readonly clock?: () => number
  /** Told of every decision. Whatever it throws changes nothing. */
  readonly onDecision?: DecisionObserver
  /**
   * Told of changes at the issuers: keys that cannot be fetched, an endpoint that fails, refused credentials.
   * Without it refused credentials are a warning of the process.
   */
  readonly onIssuerEvent?: IssuerObserver
}

/** The options of {@link createVerifier}. */
export const VERIFIER_OPTIONS = {
  issuers: custom({ type: 'list of Issuer', bounds: 'at least one' }, (option, value) => {
    if (Array.isArray(value) && value.length > 0) return value as readonly unknown[]
    throw new ConfigurationError(option, 'is required: a list of at least one issuer, such as oauth({ ... })')
  }),
  policy: restricting(optional(policyOption)),
  clockTolerance: restricting(duration({ max: '60s', default: '5s' })),
  cache: cacheOption,
  clock,
  onDecision: optional(func<DecisionObserver>()),
  onIssuerEvent: optional(func<IssuerObserver>()),
  signatures: oneOf(['node', 'jose'], 'node'),
} satisfies TableOf<VerifierOptions>

/**
 * Makes a verifier. All options are checked here, once.
 *
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [oauth({ issuer: 'https://auth.example.com', audience: 'https://orders.internal' })],
 *   policy: { maxTokenAge: '1h' },
 * })
 * ```
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown, and for two issuers that
 *   could claim the same token.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const own = readOptions('createVerifier', options, VERIFIER_OPTIONS, '')
  const { clock, clockTolerance: toleranceSeconds } = own
  const connected = connectAll(own.issuers, clock, own.onIssuerEvent)
  const cache = createTokenCache(own.cache)
  const router = createRouter(connected.map((target) => ({ issuer: target.issuer, target })))
  const verifySignature = signatureVerifier(own.signatures)
  const resolver = new TokenResolver({ router, cache, clock, toleranceSeconds, verifySignature })
  const authorizer = new Authorizer({
    resolver,
    clock,
    toleranceSeconds,
    observer: own.onDecision,
  })

  const policies = policySets(own.policy)

  const verifier: Verifier = {
    verify: (token, policy) => authorizer.verify(token, policies(policy)),
    authorize: (request, policy) => {
      const result = authorizer.authorize(request, policies(policy), FIRST_GUARD)
      return result instanceof Promise ? result.then(decisionOf) : Promise.resolve(result.decision)
    },
    ready: () => loadAll(connected),
    health: () => healthOf(connected),
    forget: (token) => {
      resolver.forget(token)
    },
    close: () => {
      cache.clear()
      for (const issuer of connected) issuer.close()
    },
  }
  setInternals(verifier, { authorizer, policies, issuers: connected.map(({ issuer }) => issuer) })
  return Object.freeze(verifier)
}

function decisionOf({ decision }: DecisionResult): Decision {
  return decision
}

function signatureVerifier(signatures: 'node' | 'jose'): SignatureVerifier {
  if (signatures === 'node') return verifyWithNode
  // Loaded now, so that the first request does not wait for it. A failure is reported by the first verification.
  loadJose().catch(() => undefined)
  return verifyWithJose
}

function connectAll(
  issuers: readonly unknown[],
  clock: Clock,
  observer: IssuerObserver | undefined,
): readonly ConnectedIssuer[] {
  const names = new Set<string>()
  return issuers.map((issuer, index) => {
    const where = `issuers[${index}]`
    assertIssuer(where, issuer)
    if (names.has(issuer.name)) {
      throw new ConfigurationError(
        where,
        `is named ${JSON.stringify(issuer.name)} like an earlier issuer: configure each issuer once, with a list of audiences if it needs several`,
      )
    }
    names.add(issuer.name)
    return connectIssuer(where, issuer, clock, observer)
  })
}
