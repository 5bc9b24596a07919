import type { Issuer } from '../../model/issuer/issuer.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { custom, type Reader } from '../../options/reader.js'
import { answersInternalsOf, type Answers } from '../../store/answers.js'
import { isRecord } from '../../util/members.js'

/** Reads the option `answers`, after `policy` and `cache`. */
export const answersOption: Reader<Answers | undefined> = custom(
  { type: 'Answers', isOptional: true },
  (option, value, siblings) => {
    if (value === undefined) return undefined
    if (answersInternalsOf(value) === undefined)
      throw new ConfigurationError(option, 'must be the result of redisAnswers() or sharedAnswers()')
    if (siblings?.['cache'] === false)
      throw new ConfigurationError(
        option,
        'requires the token cache, because only cached results are shared. Remove cache: false',
      )
    const policy = siblings?.['policy']
    if (isRecord(policy) && policy['confirmAfter'] === 0)
      throw new ConfigurationError(
        option,
        'has no effect with policy.confirmAfter 0, because every request then calls the issuer. Remove one of them',
      )
    return value as Answers
  },
)

/**
 * Refuses shared results that no issuer would ever use.
 *
 * @throws ConfigurationError that says what an issuer lacks.
 */
export function requireSharingIssuer(
  answers: Answers | undefined,
  issuers: readonly { readonly issuer: Issuer }[],
): void {
  if (answers === undefined || issuers.some(({ issuer }) => issuer.remote?.caller !== undefined)) return
  if (issuers.every(({ issuer }) => issuer.remote === undefined))
    throw new ConfigurationError(
      'answers',
      'has no effect, because no issuer introspects tokens. Configure introspection, or leave the option out',
    )
  throw new ConfigurationError(
    'answers',
    'has no effect, because no issuer that introspects tokens names its caller. Set introspection.clientId (Clerk: machineId), or caller in the remote profile of a custom issuer, or leave the option out',
  )
}
