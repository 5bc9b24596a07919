import { markMajor } from '../options/package-major.js'
import type { AccessToken } from '../model/access-token.js'
import type { Decision } from '../model/decision.js'
import type { Explanation } from '../model/explanation.js'
import type { Issuer } from '../model/issuer/issuer.js'
import type { Observer } from '../model/observer.js'
import type { GuardedRequest } from '../model/request.js'
import type { PolicySet } from '../policy/combine.js'
import type { Policy } from '../policy/policy.js'
import type { Authorizer } from './authorizer.js'
import type {
  RevocationResult,
  Revocations,
  RevocationTarget,
  TokenTarget,
} from '../revocation/revocations.js'
import type { ExplanationConditions } from './explanation/conditions.js'
import type { VerifierHealth } from './readiness.js'

/** Verifies tokens and authorizes requests. Created by `createVerifier()`; shared by all guards of a process. */
export interface Verifier {
  /**
   * Verifies a token and evaluates the verifier's policy and `policy`. For tokens that do not come in an HTTP request.
   *
   * @param token - the bare token, without `Bearer`.
   * @param policy - requirements in addition to the verifier's policy. Create it once and pass the same object: each new
   *   object is compiled, which takes longer than a decision on a cached token.
   * @throws Refusal as a rejection: `reason` says why, and `status` is 503 if the token could not be checked.
   * @throws ConfigurationError synchronously if the policy is invalid.
   *
   * @example
   * ```ts
   * const { clientId } = await verifier.verify(token, { scopes: 'orders:read' })
   * ```
   */
  verify(token: string, policy?: Policy): Promise<AccessToken>
  /**
   * Decides on a request by its `Authorization` header (RFC 6750 section 2.1). The promise never rejects: if the token
   * cannot be checked, the outcome is `undecidable`.
   *
   * @param request - method, URL and headers. Pass Node's `rawHeaders` too: Node drops a second `Authorization` header from
   *   `headers`, and such a request must be refused.
   * @param policy - requirements in addition to the verifier's policy. Create it once and pass the same object.
   * @throws ConfigurationError synchronously if the policy is invalid.
   *
   * @example
   * ```ts
   * const decision = await verifier.authorize(request, { scopes: 'orders:read' })
   * if (decision.outcome !== 'accepted') return { status: decision.refusal.status, headers: decision.refusal.headers }
   * ```
   */
  authorize(request: GuardedRequest, policy?: Policy): Promise<Decision>
  /**
   * Decides as {@link authorize} does, or as {@link verify} for a bare token, and lists every check with what it compared. For
   * tests and for operators who ask why a request was refused: never send the result to a caller.
   *
   * It uses the caches and calls the issuers like a request, so that its outcome is that of a request at the same time. It
   * emits no `onDecision` event, because it is not a request. The promise never rejects.
   *
   * @param tokenOrRequest - the bare token, without `Bearer`, or a request with an `Authorization` header.
   * @param policy - requirements in addition to the verifier's policy.
   * @throws ConfigurationError synchronously if the policy is invalid.
   *
   * @example
   * ```ts
   * const { outcome, steps } = await verifier.explain(token, { scopes: 'orders:read' })
   * const failed = steps.find(({ result }) => result === 'failed')
   * console.log(outcome, failed?.check, failed?.detail)
   * ```
   */
  explain(tokenOrRequest: string | GuardedRequest, policy?: Policy): Promise<Explanation>
  /**
   * Loads discovery documents and keys of every issuer, and the revocations. Optional: the first request that needs
   * documents or keys loads them otherwise.
   *
   * @throws AggregateError as a rejection. Its message names each issuer that failed and the cause, and the verifier stays
   *   usable.
   *
   * @example
   * ```ts
   * await verifier.ready()
   * server.listen(3000)
   * ```
   */
  ready(): Promise<void>
  /**
   * Returns a snapshot of the state of each issuer. Makes no network call.
   *
   * @example
   * ```ts
   * const isReady = verifier.health().status !== 'down'
   * ```
   */
  health(): VerifierHealth
  /**
   * Adds an observer of decisions, of changes at issuers and of calls to issuers. Observers are called in the order in
   * which they were added, after those of the options. Their errors and rejected promises are ignored.
   *
   * An observer is called for decisions that begin after it was added. An observer that is added twice is called twice.
   *
   * @returns a function that removes the observer. It may be called at any time, during an event too, and repeatedly.
   * @throws ConfigurationError if a name is unknown or a value is not a function.
   *
   * @example
   * ```ts
   * const counts = new Map<string, number>()
   * const stop = verifier.observe({
   *   onDecision: ({ outcome }) => counts.set(outcome, (counts.get(outcome) ?? 0) + 1),
   * })
   * server.close(stop)
   * ```
   */
  observe(observer: Observer): () => void
  /**
   * Drops all cached results of one token in this process. The next request verifies or introspects it again.
   *
   * @throws TypeError if the token is not a string.
   *
   * @example
   * ```ts
   * verifier.forget(revokedToken)
   * ```
   */
  forget(token: string): void
  /**
   * Revokes a token, or the tokens of a client, a subject or an issuer that were issued before a time. This process refuses
   * them once the promise is fulfilled (401 `token_revoked`), other processes with the same store when they have read it. A
   * revocation cannot be undone.
   *
   * A token is revoked by its `jti`; without one a JWT by the digest of its signed part, and an opaque token by its own
   * digest. The token may be expired or invalid, and its issuer may be unavailable.
   *
   * @param target - `{ token }`, `{ issuer, tokenId }`, `{ issuer, clientId }`, `{ issuer, subject }` or `{ issuer, before }`.
   *   The issuer is the `iss` of its tokens or its configured name.
   * @throws ConfigurationError as a rejection for an invalid target, an issuer that is not configured, a `before` further in
   *   the future than `clockTolerance`, or a verifier without the option `revocations`.
   * @throws Error as a rejection if the store did not confirm the revocation. This process refuses the tokens nevertheless.
   *
   * @example
   * ```ts
   * await verifier.revoke({ token: revokedToken, reason: 'found in a log' })
   * ```
   */
  revoke(target: RevocationTarget | TokenTarget): Promise<RevocationResult>
  /** The option `revocations` of `createVerifier()`; `undefined` without it. */
  readonly revocations: Revocations | undefined
  /**
   * Clears the caches and closes idle connections to the issuers. A connection in use is closed after its response has
   * been read. Revocations that no other verifier uses are no longer read from their store. May be called repeatedly.
   * Optional: a verifier never keeps the process alive.
   *
   * @example
   * ```ts
   * server.close(() => verifier.close())
   * ```
   */
  close(): void
}

/** Internals of a verifier that guards and test helpers use. */
export interface VerifierInternals {
  readonly authorizer: Authorizer
  /** Combines the verifier's policy with that of a route. */
  readonly policies: (policy: Policy | undefined) => PolicySet
  /** Combines the verifier's policy with several of one place. */
  readonly combined: (policies: readonly Policy[]) => PolicySet
  readonly issuers: readonly Issuer[]
  /** Explains a decision under other conditions than those of a request. */
  readonly explainUnder: (
    conditions: ExplanationConditions,
    tokenOrRequest: string | GuardedRequest,
    policy?: Policy,
  ) => Promise<Explanation>
  /** Maximum clock difference, in seconds. */
  readonly toleranceSeconds: number
}

/**
 * Shared by all copies of the package with the same internals. Increase the last number when {@link VerifierInternals}, the
 * authorizer or its context changes: guards of other copies then call the public methods of the verifier.
 */
const INTERNALS = Symbol.for('m2m-guard@0/verifier-internals/2')

interface WithInternals {
  [INTERNALS]?: VerifierInternals & { readonly owner: object }
}

/** Attaches the internals to a verifier. They are not enumerable, so that a copy of its methods lacks them. */
export function setInternals(verifier: Verifier, internals: VerifierInternals): void {
  markMajor(verifier)
  Object.defineProperty(verifier, INTERNALS, { value: { ...internals, owner: verifier } })
}

/**
 * Returns the internals of a verifier created by `createVerifier()`. `undefined` for a wrapper, a proxy or an object that
 * inherits from a verifier, because its methods may differ and must be called.
 */
export function internalsOf(verifier: Verifier): VerifierInternals | undefined {
  const internals = (verifier as WithInternals)[INTERNALS]
  return internals?.owner === verifier ? internals : undefined
}

/** Returns the issuers of a verifier. */
export function issuersOf(verifier: Verifier): readonly Issuer[] {
  return internalsOf(verifier)?.issuers ?? []
}
