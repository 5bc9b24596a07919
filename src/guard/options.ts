import type { RefusalBody } from '../bearer/refusal-response.js'
import type { GuardMode } from '../model/decision.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { ownOptions } from '../options/read-options.js'
import { optionalFunction } from '../options/readers.js'

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

/** Visible ASCII and space: what a realm may hold without needing more than quoting. */
const REALM = /^[\x20-\x7e]+$/

/** Checks what a guard is made with, when it is made. */
export function readGuardOptions<OnRefusal>(
  options: GuardOptions<OnRefusal> | undefined,
): GuardSettings<OnRefusal> {
  const own = ownOptions<GuardOptions<OnRefusal>>('guard', options ?? {}, {
    realm: true,
    body: true,
    mode: true,
    onRefusal: true,
  })
  const { realm, body = 'oauth', mode = 'enforce' } = own
  if (realm !== undefined && (typeof realm !== 'string' || !REALM.test(realm))) {
    throw new ConfigurationError('guard.realm', 'must be a non-empty string of visible ASCII')
  }
  if (body !== 'oauth' && body !== 'problem')
    throw new ConfigurationError('guard.body', "must be 'oauth' or 'problem'")
  if (mode !== 'enforce' && mode !== 'report') {
    throw new ConfigurationError('guard.mode', "must be 'enforce' or 'report'")
  }
  return { realm, body, mode, onRefusal: optionalFunction('guard.onRefusal', own.onRefusal) }
}
