import type { RefusalBody } from '../bearer/refusal-response.js'
import type { GuardMode } from '../model/decision.js'
import { REALM, REALM_EXPECTATION } from '../model/refusal.js'
import { readOptions } from '../options/read-options.js'
import { optional, type TableOf } from '../options/reader.js'
import { func, oneOf, string } from '../options/readers.js'

/** What every adapter's guard takes beside verifier and policy. */
export interface GuardOptions<OnRefusal> {
  /** The protection space named in challenges (RFC 9110 section 11.5). Default `'api'`. */
  readonly realm?: string
  /** The form of refusals: `'oauth'` for `{ error, error_description }`, `'problem'` for RFC 9457. Default `'oauth'`. */
  readonly body?: RefusalBody
  /** `'report'` lets refused requests through and only reports them to `onDecision`: for a roll-out. Default `'enforce'`. */
  readonly mode?: GuardMode
  /** Answers refusals in place of the guard, or hands them to the framework's own error handling. */
  readonly onRefusal?: OnRefusal
}

/** {@link GuardOptions} checked, with defaults. */
export interface GuardSettings<OnRefusal> {
  readonly realm: string | undefined
  readonly body: RefusalBody
  readonly mode: GuardMode
  readonly onRefusal: OnRefusal | undefined
}

/** The options of a guard. */
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

/** Checks what a guard is made with, when it is made. */
export function readGuardOptions<OnRefusal>(
  options: GuardOptions<OnRefusal> | undefined,
): GuardSettings<OnRefusal> {
  return readOptions('guard', options ?? {}, GUARD_OPTIONS) as GuardSettings<OnRefusal>
}
