import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'

/** Parameters that the grant sends itself. A parameter must not occur twice (RFC 6749 section 3.2). */
const RESERVED = [
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'scope',
  'audience',
  'resource',
  'assertion',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
]

/** Reads the `parameters` option: additional form parameters. */
export function readParameters(option: string, value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) throw new ConfigurationError(option, 'must be an object of strings')
  const entries = Object.entries(value).map(([name, parameter]): [string, string] => {
    if (RESERVED.includes(name))
      throw new ConfigurationError(`${option}.${name}`, 'is set by the token source. Use the option for it')
    if (typeof parameter !== 'string') throw new ConfigurationError(`${option}.${name}`, 'must be a string')
    return [name, parameter]
  })
  return Object.freeze(Object.fromEntries(entries))
}
