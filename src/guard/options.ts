import type { RefusalBody } from '../bearer/refusal-response.js'
import type { GuardMode } from '../model/decision.js'
import { REALM, REALM_EXPECTATION } from '../model/refusal.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { readOptions } from '../options/read-options.js'
import { custom, optional, restricting, type TableOf } from '../options/reader.js'
import { func, oneOf, string, unchecked } from '../options/readers.js'
import type { Policy } from '../policy/policy.js'
import type { Verifier } from '../verifier/verifier.js'

/** Options of a guard, the same for every adapter. */
export interface GuardOptions<OnRefusal> {
  /**
   * Protection space named in challenges (RFC 9110 section 11.5). Visible ASCII.
   *
   * @defaultValue `'api'`
   */
  readonly realm?: string
  /**
   * Format of refusal bodies: `'oauth'` for `{ error, error_description }` (RFC 6749 section 5.2), `'problem'` for problem
   * details (RFC 9457).
   *
   * @defaultValue `'oauth'`
   */
  readonly body?: RefusalBody
  /**
   * `'enforce'` refuses requests. `'report'` lets them through and only reports them to `onDecision`, for a gradual roll-out.
   *
   * @defaultValue `'enforce'`
   */
  readonly mode?: GuardMode
  /**
   * Custom response to a refusal: responds instead of the guard, or passes the refusal to the framework's error handling.
   *
   * @defaultValue none: the guard responds
   */
  readonly onRefusal?: OnRefusal
}

/** Checked {@link GuardOptions}, with defaults. */
export interface GuardSettings<OnRefusal> {
  readonly realm: string | undefined
  readonly body: RefusalBody
  readonly mode: GuardMode
  readonly onRefusal: OnRefusal | undefined
}

/** Readers of {@link GuardOptions}. */
export const GUARD_OPTIONS = {
  realm: optional(
    string({
      pattern: REALM,
      expectation: REALM_EXPECTATION,
      bounds: 'visible ASCII',
      default: 'api',
    }),
  ),
  body: oneOf<RefusalBody>(['oauth', 'problem'], 'oauth'),
  mode: oneOf<GuardMode>(['enforce', 'report'], 'enforce'),
  onRefusal: optional(func<unknown>()),
} satisfies TableOf<GuardOptions<unknown>>

/** Readers of the options of a plugin, which creates its guards from a verifier and a policy. */
export const PLUGIN_OPTIONS = {
  verifier: custom<Verifier>('Verifier', (option, value) => {
    if (value !== undefined) return value as Verifier
    throw new ConfigurationError(option, 'is required. Pass a verifier created by createVerifier()')
  }),
  // Compiled by each guard.
  policy: restricting(unchecked<Policy>('policy')),
  ...GUARD_OPTIONS,
} satisfies TableOf<GuardOptions<unknown> & { readonly verifier: Verifier; readonly policy?: Policy }>

/**
 * Checks the options of a guard and adds the defaults.
 *
 * @throws ConfigurationError that names the option that is invalid or unknown.
 */
export function readGuardOptions<OnRefusal>(
  options: GuardOptions<OnRefusal> | undefined,
): GuardSettings<OnRefusal> {
  return readOptions('guard', options ?? {}, GUARD_OPTIONS) as GuardSettings<OnRefusal>
}
