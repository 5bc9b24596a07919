import { ConfigurationError } from '../../options/configuration-error.js'
import { hasStrayCharacters, STRAY_CHARACTERS_PROBLEM } from '../../options/readers.js'
import { TokenSourceError } from '../errors.js'

/**
 * A secret: the text itself, a promise of it, or a function that gives one of these. A function is called anew
 * for every token request, so that a secret can be rotated without a restart.
 */
export type Secret = string | Promise<string> | (() => string | Promise<string>)

/** A way to get at a credential. */
export interface CredentialReader<T> {
  /** Whether another reading may give another value. */
  readonly isFunction: boolean
  /** @throws TokenSourceError `credentials_unavailable`, which says nothing of what was given. */
  readonly read: () => Promise<T>
}

/** Reads a secret option. `check` says what is wrong with a value, without quoting it. */
export function secretReader(
  option: string,
  secret: unknown,
  check: (value: string) => string | undefined = () => undefined,
): CredentialReader<string> {
  const problemOf = (value: unknown): string | undefined =>
    typeof value !== 'string' || value.trim() === ''
      ? 'must be a non-empty string'
      : (strayIn(value) ?? check(value))
  return credentialReader(option, secret, (value) => {
    const problem = problemOf(value)
    if (problem !== undefined) throw new ConfigurationError(option, problem)
    return value as string
  })
}

/** A secret read from a file often ends with a line break, with which the issuer refuses it. */
function strayIn(value: string): string | undefined {
  return hasStrayCharacters(value) ? STRAY_CHARACTERS_PROBLEM : undefined
}

/** Reads an option that is a value, a promise of one or a function; `parse` throws a ConfigurationError for a wrong one. */
export function credentialReader<T>(
  option: string,
  source: unknown,
  parse: (value: unknown) => T,
): CredentialReader<T> {
  if (typeof source === 'function') {
    const call = source as () => unknown
    // In an async function, so that one that throws at once is a rejection as well.
    return { isFunction: true, read: () => settle(option, (async () => parse(await call()))()) }
  }
  if (source instanceof Promise) {
    const parsed = source.then(parse)
    // It may be rejected long before anyone asks for a token: that must not end the process.
    parsed.catch(() => undefined)
    return { isFunction: false, read: () => settle(option, parsed) }
  }
  const value = parse(source)
  return { isFunction: false, read: () => Promise.resolve(value) }
}

async function settle<T>(option: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    // What a store of secrets throws may quote the secret: only our own words are passed on.
    const problem =
      error instanceof ConfigurationError ? error.message : `${option}: gave no value, but an error`
    throw new TokenSourceError({
      reason: 'credentials_unavailable',
      problem,
      advice: 'Look where the function or promise gets it from',
    })
  }
}
