import type { ScopeDemand } from '../model/scopes.js'
import { ConfigurationError } from '../options/configuration-error.js'
import type { Policy } from '../policy/policy.js'
import type { Verifier } from '../verifier/verifier.js'

/**
 * Checks the arguments of a `guard(verifier, policy?, options?)`.
 *
 * @throws ConfigurationError if the policy is the last argument and `undefined`. Otherwise a policy that is `undefined` by
 *   accident would have no effect. Before options it may be `undefined`. Also for a fourth argument, such as a second policy.
 */
export function checkGuardArguments<Options>(
  args: readonly [verifier: Verifier, policy?: Policy, options?: Options],
): [verifier: Verifier, policy: Policy | undefined, options: Options | undefined] {
  const [verifier, policy, options] = args
  refuseFurtherArguments('guard', 'at most three arguments: verifier, policy, options', 3, args)
  if (args.length === 2) refuseUndefined('guard: policy', policy)
  return [verifier, policy, options]
}

/** @throws ConfigurationError for more arguments than a function takes, because a requirement among them would have no effect. */
export function refuseFurtherArguments(
  call: string,
  takes: string,
  most: number,
  args: readonly unknown[],
): void {
  if (args.length > most)
    throw new ConfigurationError(call, `takes ${takes}. Remove argument ${most + 1}, which has no effect`)
}

/** @throws ConfigurationError if the argument is `undefined`. */
export function refuseUndefined(argument: string, value: unknown): void {
  if (value === undefined) throw new ConfigurationError(argument, 'is undefined; leave it out instead')
}

/**
 * Returns the policy of `requirePolicy(policy)` or `app.guard(policy?)`.
 *
 * @throws ConfigurationError for a further argument, such as a second policy, or for a policy that is `undefined`.
 */
export function policyArgument<Args extends readonly [policy?: Policy]>(call: string, args: Args): Args[0] {
  refuseFurtherArguments(call, 'one argument: policy', 1, args)
  if (args.length > 0) refuseUndefined(`${call}: policy`, args[0])
  return args[0] as Args[0]
}

/**
 * Returns the policy of `requireScopes(...)`.
 *
 * @param call - the function or decorator, for errors.
 * @throws ConfigurationError for an argument that is `undefined`.
 */
export function scopesPolicy(scopes: readonly ScopeDemand[], call = 'requireScopes'): Policy {
  for (const scope of scopes) refuseUndefined(`${call}: scopes`, scope)
  const [only] = scopes
  return { scopes: scopes.length === 1 && only !== undefined ? only : (scopes as readonly string[]) }
}
