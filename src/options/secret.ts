import { errorNameAndCode } from '../util/quote.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, type Reader } from './reader.js'
import { hasStrayCharacters, STRAY_CHARACTERS_PROBLEM } from './readers.js'

/**
 * A secret: a string, a promise of one, or a function that returns either. With a function, a secret can be rotated
 * without a restart. One line break at the end of what a function or a promise returns is removed, because files end
 * with one. A string that ends with a line break is a `ConfigurationError`.
 */
export type Secret = string | Promise<string> | (() => string | Promise<string>)

/** Reads a credential. */
export interface CredentialReader<T> {
  /** The credential, if the option is a value and neither a promise nor a function. */
  readonly fixed?: { readonly value: T }
  /** Whether another read may return another value. */
  readonly isFunction: boolean
  /**
   * Reads the credential.
   *
   * @throws SecretError that never quotes the value.
   */
  readonly read: () => Promise<T>
}

/**
 * The function or promise of a credential failed, or returned an invalid value. The message names the option and never
 * quotes the value or the error of the function, because a secret store may quote the secret.
 */
export class SecretError extends Error {
  override readonly name = 'SecretError'
  /** The message without advice and without a full stop. */
  readonly problem: string
  /** What to do about it, without a full stop. */
  readonly advice: string

  /** @param advice - by default the sentences of the message after the first one, or a hint at the secret store. */
  constructor(message: string, advice?: string) {
    super(message)
    const [problem = '', ...sentences] = message.split('. ')
    this.problem = problem
    this.advice = advice ?? (sentences.join('. ') || 'Check the secret store it reads from')
  }
}

/** Reads a secret option. `check` returns the problem with a value, without quoting it. */
export function secretReader(
  option: string,
  secret: unknown,
  check: (value: string) => string | undefined = () => undefined,
): CredentialReader<string> {
  const isRead = typeof secret === 'function' || secret instanceof Promise
  const problemOf = (value: unknown): string | undefined => {
    if (value instanceof Uint8Array)
      return "must be a non-empty string, not bytes. Read a file with the encoding 'utf8'"
    if (typeof value !== 'string' || value.trim() === '') return 'must be a non-empty string'
    // A function that reads the file is an alternative for a string only.
    const orFunction = isRead ? '' : ', or set a function that reads the file'
    return strayCharactersProblem(value, orFunction) ?? check(value)
  }
  return credentialReader(option, secret, (original) => {
    // Files of secrets end with a line break. In a string of the configuration it is a mistake.
    const value = isRead && typeof original === 'string' ? withoutFinalLineBreak(original) : original
    const problem = problemOf(value)
    if (problem !== undefined) throw new ConfigurationError(option, problem)
    return value as string
  })
}

/** Removes one line break at the end of what was read from a file. */
function withoutFinalLineBreak(content: string): string {
  return content.replace(/\r?\n$/, '')
}

/** Checks a secret option. What a promise or a function returns is checked when it is read with {@link secretReader}. */
export const secretOption: Reader<Secret> = custom('string, promise or function', (option, value) => {
  if (value === undefined) throw new ConfigurationError(option, 'is required and must be a non-empty string')
  secretReader(option, value)
  return value as Secret
})

/**
 * Returns the problem of a secret with a character too many, which its receiver would reject.
 *
 * @param alternative - what may be done in place of removing a line break, after a comma.
 */
function strayCharactersProblem(value: string, alternative: string): string | undefined {
  if (!hasStrayCharacters(value)) return undefined
  return /[\r\n]$/.test(value)
    ? `ends with a line break. Remove it with .trim()${alternative}`
    : STRAY_CHARACTERS_PROBLEM
}

/**
 * Reads an option that is a value, a promise of one or a function. `parse` throws a ConfigurationError for an
 * invalid value.
 */
export function credentialReader<T>(
  option: string,
  optionValue: unknown,
  parse: (value: unknown) => T,
): CredentialReader<T> {
  if (typeof optionValue === 'function') {
    const call = optionValue as () => unknown
    // In an async function, so that a synchronous exception becomes a rejection.
    return { isFunction: true, read: () => settle(option, (async () => parse(await call()))()) }
  }
  if (optionValue instanceof Promise) {
    const parsed = optionValue.then(parse)
    // The promise may be rejected long before the first request. An unhandled rejection would end the process.
    parsed.catch(() => undefined)
    return { isFunction: false, read: () => settle(option, parsed) }
  }
  const value = parse(optionValue)
  return { fixed: { value }, isFunction: false, read: () => Promise.resolve(value) }
}

async function settle<T>(option: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw new SecretError(
      error instanceof ConfigurationError || error instanceof SecretError
        ? error.message
        : `${option}: the function or promise failed with ${errorNameAndCode(error)}`,
    )
  }
}
