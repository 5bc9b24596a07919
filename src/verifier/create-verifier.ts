import { Authorizer, type DecisionResult } from './authorizer.js'
import { FIRST_GUARD } from './decision-context.js'
import { authorizerUnder } from './explanation/conditions.js'
import { explainDecision } from './explanation/explain.js'
import type { Clock } from '../util/clock.js'
import { clock } from '../options/clock.js'
import { readOptions } from '../options/read-options.js'
import { custom, mismatch, optional, type TableOf, restricting } from '../options/reader.js'
import { func, integer, oneOf } from '../options/readers.js'
import { ConfigurationError } from '../options/configuration-error.js'
import type { Decision, DecisionObserver } from '../model/decision.js'
import { duration, type Duration } from '../options/duration.js'
import { answersOption, requireSharingIssuer } from './connection/answers-option.js'
import { connectIssuer, type ConnectedIssuer } from './connection/issuer-connection.js'
import type { ConnectionContext } from './connection/settings.js'
import type { Issuer } from '../model/issuer/issuer.js'
import { setIssuerCheck } from '../model/issuer/known-issuers.js'
import { connectTenants } from './tenants/connect.js'
import { createRouter } from './token-router.js'
import { loadJose } from '../util/load-jose.js'
import { mapItems } from '../util/members.js'
import { verifyWithJose, verifyWithNode, type SignatureVerifier } from '../jwt/signature.js'
import type { Policy } from '../policy/policy.js'
import type { IssuerObserver } from '../model/issuer/issuer-events.js'
import type { Observer } from '../model/observer.js'
import type { IssuerCallObserver } from '../model/issuer/issuer-calls.js'
import { functionWarnings } from '../telemetry/function-warnings.js'
import { Observers } from '../telemetry/observers.js'
import { policyOption } from '../policy/compile.js'
import { cacheOption, createTokenCache, type CacheOptions } from './token-cache.js'
import { TokenResolver } from './token-resolver.js'
import { healthOf, loadAll } from './readiness.js'
import { revocationsInternalsOf } from '../revocation/store.js'
import type { Revocations } from '../revocation/revocations.js'
import { ClockLeads } from './revocation/clock-leads.js'
import { answersInternalsOf, type Answers } from '../store/answers.js'
import { RevocationCheck } from './revocation/check.js'
import { namesOfIssuer, unknownIssuerProblem } from './revocation/issuer-names.js'
import { Revoker } from './revocation/revoke.js'
import { setInternals, type Verifier } from './verifier.js'
import { assertIssuer } from './check-issuer.js'
import { combinedWith, policySets } from '../policy/policy-sets.js'

/** Options of {@link createVerifier}. */
export interface VerifierOptions {
  /**
   * Issuers whose tokens are accepted, at least one: results of `oauth`, `clerk`, `stytch` or `authlete`, or custom ones.
   *
   * Two issuers with the same name, or that could both accept the same token, are an error.
   */
  readonly issuers: readonly Issuer[]
  /**
   * Policy for every request. Policies of guards and routes add to it.
   *
   * @defaultValue none: no requirement beyond a valid token
   */
  readonly policy?: Policy
  /**
   * Maximum clock difference when `exp`, `nbf` and `iat` are validated, from 0 to `'60s'`. Not added to `maxTokenAge`.
   *
   * @defaultValue `'5s'`
   */
  readonly clockTolerance?: Duration
  /**
   * Limits of the token cache. `false` disables it: every request then verifies its JWT or introspects its opaque token.
   *
   * @defaultValue `{ maxTokens: 10_000, maxRefused: 1_000, maxBytes: 67_108_864 }`
   */
  readonly cache?: CacheOptions | false
  /**
   * Implementation that verifies JWT signatures. `'node'` uses Node's `crypto.verify`, on the event loop's thread while
   * there is time and otherwise in the thread pool. It uses jose for algorithms that `crypto.verify` is not used for.
   * `'jose'` always uses jose. Tests compare both.
   *
   * @defaultValue `'node'`
   */
  readonly signatures?: 'node' | 'jose'
  /**
   * Maximum token length in characters, from 1 to 16384. A longer token is refused unread (`token_too_large`).
   *
   * Node itself limits all headers of a request to 16 KiB together: see `--max-http-header-size` of Node.
   *
   * @defaultValue `8192`
   */
  readonly maxTokenLength?: number
  /**
   * Revocations that are checked on every request: `memoryRevocations()`, or `redisRevocations()` of `m2m-guard/redis`.
   *
   * @defaultValue none: only the issuers revoke tokens
   */
  readonly revocations?: Revocations
  /**
   * Introspection results that several processes share: `redisAnswers()` of `m2m-guard/redis`, or `sharedAnswers()` with a store
   * of yours. Results in the memory of this process come first. Requires `cache`, an issuer that introspects tokens and names its
   * caller, and a `policy` without `confirmAfter: 0`.
   *
   * @defaultValue none: every process introspects a token itself
   */
  readonly answers?: Answers
  /**
   * Clock for tests: returns the time in milliseconds since the epoch.
   *
   * @defaultValue the system clocks
   */
  readonly clock?: () => number
  /**
   * Called once per decision, synchronously. Errors it throws and promises it rejects are ignored.
   *
   * @defaultValue none
   */
  readonly onDecision?: DecisionObserver
  /**
   * Called once per change at an issuer: keys that cannot be fetched, an endpoint that fails, rejected credentials. Errors
   * it throws and promises it rejects are ignored.
   *
   * @defaultValue none: rejected credentials emit a process warning with the code `M2M_GUARD_CREDENTIALS_REFUSED`. Without
   *   `onDecision` too, the first failure of each issuer emits one with the code `M2M_GUARD_ISSUER_FAILURE`
   */
  readonly onIssuerEvent?: IssuerObserver
}

/** Readers of the options of {@link createVerifier}. */
export const VERIFIER_OPTIONS = {
  issuers: custom({ type: 'list of Issuer', bounds: 'at least one' }, (option, value) => {
    if (Array.isArray(value) && value.length > 0) return value as readonly unknown[]
    throw mismatch(
      option,
      value,
      'must be a list of at least one issuer, such as [oauth({ ... })]. Write brackets around a single issuer',
    )
  }),
  policy: restricting(optional(policyOption)),
  clockTolerance: restricting(duration({ max: '60s', default: '5s' })),
  cache: cacheOption,
  maxTokenLength: restricting(integer({ min: 1, max: 16_384, default: 8192 })),
  revocations: restricting(
    custom<Revocations | undefined>({ type: 'Revocations', isOptional: true }, (option, value) => {
      if (value === undefined || revocationsInternalsOf(value) !== undefined)
        return value as Revocations | undefined
      throw new ConfigurationError(option, 'must be the result of memoryRevocations() or redisRevocations()')
    }),
  ),
  answers: answersOption,
  clock,
  onDecision: optional(func<DecisionObserver>()),
  onIssuerEvent: optional(func<IssuerObserver>()),
  signatures: oneOf(['node', 'jose'], 'node'),
} satisfies TableOf<VerifierOptions>

/** Readers of the functions of an observer. */
const OBSERVER = {
  onDecision: optional(func<DecisionObserver>()),
  onIssuerEvent: optional(func<IssuerObserver>()),
  onIssuerCall: optional(func<IssuerCallObserver>()),
} satisfies TableOf<Observer>

/**
 * Creates a verifier, which decides on tokens and requests of the configured issuers. Checks all options and makes no
 * network call.
 *
 * Create one per process, because it holds the caches. Pass it to the guards of the adapters.
 *
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [oauth({ issuer: 'https://auth.example.com', audience: 'https://orders.internal' })],
 *   policy: { maxTokenAge: '1h' },
 * })
 * ```
 *
 * @returns a frozen object.
 * @throws ConfigurationError that names the option that is missing, invalid or unknown, or the issuer that could accept
 *   the same tokens as an earlier one.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readOptions('createVerifier', options, VERIFIER_OPTIONS, '')
  const { clock, clockTolerance: toleranceSeconds } = settings
  const observers = new Observers()
  observers.add({ ...settings, onIssuerCall: undefined })
  const connected = connectAll(settings.issuers, clock, {
    observers,
    hasDecisionObserver: settings.onDecision !== undefined,
    answers: answersInternalsOf(settings.answers),
  })
  requireSharingIssuer(settings.answers, connected)
  const cache = createTokenCache(settings.cache)
  const router = createRouter(
    connected.map((target) => ({ issuer: target.issuer, target, tenants: target.tenants })),
  )
  const verifySignature = signatureVerifier(settings.signatures)
  const { maxTokenLength, revocations, answers } = settings
  const internals = revocationsInternalsOf(revocations)
  const leads = new ClockLeads(toleranceSeconds)
  const check = internals === undefined ? undefined : new RevocationCheck(internals, leads)
  const detach = internals?.attach(clock, toleranceSeconds)
  const times = { clock, toleranceSeconds }
  const resolver = new TokenResolver({ router, cache, ...times, verifySignature, revocations: check })
  const warnOfFunction = functionWarnings(settings.onDecision !== undefined)
  const rules = { ...times, maxTokenLength, observers, warnOfFunction, revocations: check }
  const authorizer = new Authorizer({ resolver, ...rules })
  const revoker = new Revoker({
    revocations: internals,
    leads,
    issuers: connected,
    router,
    resolver,
    ...times,
    maxTokenLength,
  })

  const policies = policySets(settings.policy)
  const configured = connected.map(({ issuer }) => issuer)
  const explaining = { authorizer, issuers: configured, maxTokenLength, revocations, header: undefined }

  const verifier: Verifier = {
    verify: (token, policy) => authorizer.verify(token, policies(policy)),
    authorize: (request, policy) => {
      const result = authorizer.authorize(request, policies(policy), FIRST_GUARD)
      return result instanceof Promise ? result.then(decisionOf) : Promise.resolve(result.decision)
    },
    explain: (input, policy) => explainDecision(input, policies(policy), explaining),
    ready: () => loadAll(connected, revocations),
    health: () => healthOf(connected, cache, { revocations, answers }),
    observe: (observer) => observers.add(readOptions('observe', observer, OBSERVER)),
    forget: (token) => {
      resolver.forget(token)
    },
    revoke: (target) => revoker.revoke(target),
    revocations,
    close: () => {
      detach?.()
      cache.clear()
      for (const issuer of connected) issuer.close()
    },
  }
  setInternals(verifier, {
    authorizer,
    policies,
    combined: (added) => combinedWith(settings.policy, added),
    issuers: configured,
    explainUnder: (conditions, input, policy) =>
      explainDecision(input, policies(policy), {
        ...explaining,
        header: conditions.header,
        authorizer: authorizerUnder({ connected, verifySignature, ...rules }, conditions),
      }),
    toleranceSeconds,
  })
  setIssuerCheck(verifier, (issuer) =>
    namesOfIssuer(connected, issuer).length > 0 ? undefined : unknownIssuerProblem(connected),
  )
  return Object.freeze(verifier)
}

function decisionOf({ decision }: DecisionResult): Decision {
  return decision
}

function signatureVerifier(signatures: 'node' | 'jose'): SignatureVerifier {
  if (signatures === 'node') return verifyWithNode
  // Loaded now, so that the first request does not wait for it. The first verification reports a failure.
  loadJose().catch(() => undefined)
  return verifyWithJose
}

function connectAll(
  issuers: readonly unknown[],
  clock: Clock,
  context: ConnectionContext,
): readonly ConnectedIssuer[] {
  const names = new Set<string>()
  return mapItems(issuers, (issuer, index) => {
    const where = `issuers[${index}]`
    assertIssuer(where, issuer)
    if (names.has(issuer.name)) {
      throw new ConfigurationError(
        where,
        `has the name of an earlier issuer: ${JSON.stringify(issuer.name)}. Configure each issuer once, with a list of audiences if it needs several`,
      )
    }
    names.add(issuer.name)
    return issuer.tenants === undefined
      ? connectIssuer(where, issuer, clock, context)
      : connectTenants(where, issuer, issuer.tenants, clock, context)
  })
}
