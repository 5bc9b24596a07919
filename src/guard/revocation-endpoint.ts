import { requireKnownIssuers } from '../model/issuer/known-issuers.js'
import { ConfigurationError } from '../options/configuration-error.js'
import type { Policy } from '../policy/policy.js'
import { isRecord, ownMember } from '../util/members.js'
import type { Verifier } from '../verifier/verifier.js'
import { refuseFurtherArguments } from './arguments.js'
import type { FetchHandler } from './node-handler.js'
import type { GuardOptions } from './options.js'

/** Options that would let a request pass without the permission to revoke. */
const UNSAFE = ['mode', 'optional'] as const

/** Options of a guard of a revocation endpoint: those of a guard, without the ones that let other requests pass. */
export type EndpointOptions<OnRefusal> = Omit<GuardOptions<OnRefusal>, (typeof UNSAFE)[number]>

/** Members of a policy that distinguish callers. */
const CALLERS = ['scopes', 'clients', 'subjects', 'claims', 'check'] as const

/**
 * Checks the arguments of `revocationEndpoint(verifier, policy, options?)`.
 *
 * @throws ConfigurationError for a policy that every valid token meets or that names an unknown issuer, or an option that lets
 *   requests pass.
 */
export function endpointArguments<Options extends object>(
  args: readonly [verifier: Verifier, policy: Policy, options?: Options],
): [verifier: Verifier, policy: Policy, options: Options | undefined] {
  const [verifier, policy, options] = args
  refuseFurtherArguments('revocationEndpoint', 'at most three arguments: verifier, policy, options', 3, args)
  const names = CALLERS.join(', ')
  if (!isRecord(policy) || !CALLERS.some((name) => ownMember(policy as Policy, name) !== undefined))
    throw new ConfigurationError(
      'revocationEndpoint: policy',
      `must contain at least one of ${names}. Otherwise every client with a valid token can revoke the tokens of all others`,
    )
  const unsafe = UNSAFE.find((name) => options !== undefined && name in options)
  if (unsafe !== undefined)
    throw new ConfigurationError(
      `revocationEndpoint.${unsafe}`,
      'is not an option of this endpoint, because a request without permission could revoke. Leave it out',
    )
  const issuers = [ownMember(policy, 'issuers') ?? []].flat()
  requireKnownIssuers('revocationEndpoint: policy.issuers', verifier, issuers)
  return [verifier, policy, options]
}

/** Checks the argument of `revocationFeed(handler)`. */
export function feedHandler(handler: FetchHandler): FetchHandler {
  if (typeof (handler as unknown) === 'function') return handler
  throw new ConfigurationError(
    'revocationFeed',
    'must be a receiver, such as setReceiver() of m2m-guard/revocation',
  )
}
