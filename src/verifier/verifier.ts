import type { AccessToken } from '../model/access-token.js'
import type { Decision } from '../model/decision.js'
import type { Issuer } from '../model/issuer.js'
import type { GuardedRequest } from '../model/request.js'
import type { PolicySet } from '../policy/combine.js'
import type { Policy } from '../policy/policy.js'
import type { Authorizer } from './authorizer.js'
import type { VerifierHealth } from './readiness.js'

/** Verifies tokens and authorizes requests. Created by `createVerifier()`. */
export interface Verifier {
  /**
   * Verifies a token and holds it against the verifier's policy and the given one.
   *
   * @throws Refusal, as a rejection, with the reason.
   * @throws ConfigurationError, at once, if the policy is wrong.
   */
  verify(token: string, policy?: Policy): Promise<AccessToken>
  /**
   * Decides about a request. The promise never rejects: an outage, too, is a decision. Make the policy once: each new
   * object is checked anew, which takes longer than to decide about a known token.
   *
   * @throws ConfigurationError, at once, if the policy is wrong.
   */
  authorize(request: GuardedRequest, policy?: Policy): Promise<Decision>
  /**
   * Loads discovery documents and keys of every issuer before traffic comes.
   *
   * @throws AggregateError, as a rejection, naming each issuer that failed.
   */
  ready(): Promise<void>
  /** A snapshot of what is known of the issuers; asks nobody. */
  health(): VerifierHealth
  /**
   * Drops what is remembered of one token.
   *
   * @throws TypeError for what is no text.
   */
  forget(token: string): void
  /**
   * Clears the caches and closes idle connections to the issuers; those in use are closed once their response has been
   * read. Nothing keeps the process alive without it either.
   */
  close(): void
}

/** What guards and test helpers need beyond the public interface. */
export interface VerifierInternals {
  readonly authorizer: Authorizer
  /** Combines the verifier's own policy with a route's. */
  readonly policies: (policy: Policy | undefined) => PolicySet
  readonly issuers: readonly Issuer[]
}

const INTERNALS = Symbol('m2m-guard.internals')

interface WithInternals {
  [INTERNALS]?: VerifierInternals & { readonly owner: object }
}

/** Attaches the internals to a verifier; they are not enumerable, so that a copy of its methods does not have them. */
export function setInternals(verifier: Verifier, internals: VerifierInternals): void {
  Object.defineProperty(verifier, INTERNALS, { value: { ...internals, owner: verifier } })
}

/**
 * The internals of a verifier made by `createVerifier()`. `undefined` for any other object of the interface, such as an
 * application's wrapper, a proxy or an object that inherits from a verifier: its own methods must be called.
 */
export function internalsOf(verifier: Verifier): VerifierInternals | undefined {
  const internals = (verifier as WithInternals)[INTERNALS]
  return internals?.owner === verifier ? internals : undefined
}

/** The issuers a verifier was made with. */
export function issuersOf(verifier: Verifier): readonly Issuer[] {
  return internalsOf(verifier)?.issuers ?? []
}
