import { tokenDigest } from '../../model/token-digest.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { described, mapped, optional, restricting, type Reader, type Siblings } from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { ownMember } from '../../util/members.js'
import type { SubjectToken } from './grant.js'

/** Reads a token of a request that grants or is exchanged for another one. Its absence must be intended. */
export function subjectOption(
  problemOf: (value: string) => string | undefined = () => undefined,
): Reader<string | undefined> {
  const token = mapped(nonEmptyString, (value, option) => {
    const problem = problemOf(value)
    if (problem !== undefined) throw new ConfigurationError(option, problem)
    return value
  })
  return restricting(optional(described(token, { type: 'string' })))
}

/**
 * Returns the token of a request, with the digest that is part of the cache key.
 *
 * @param hasDefault - whether the source has a token of its own.
 */
export function subjectReader(
  name: string,
  hasDefault: boolean,
): (request: Siblings) => SubjectToken | undefined {
  return (request) => {
    const token = ownMember(request, name)
    if (typeof token === 'string') return { token, digest: tokenDigest(token) }
    if (hasDefault) return undefined
    throw new ConfigurationError(`getToken.${name}`, `is required, because the source has no ${name}`)
  }
}
