import { isPlain, isRecord } from '../util/members.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, mismatch, type Reader, type Result, type Table } from './reader.js'

/**
 * Reads an options object by a table. Only own properties count, so that a polluted prototype configures nothing.
 * Unknown names are refused, so that a misspelt name does not disable a check.
 *
 * @param prefix - precedes the name of an option in errors.
 * @throws ConfigurationError naming the option that is unknown, missing or wrong.
 */
export function readOptions<T extends Table>(
  where: string,
  input: unknown,
  table: T,
  prefix = `${where}.`,
): Result<T> {
  if (!isRecord(input) || !isPlain(input))
    throw mismatch(where, input, 'must be a plain options object, not a promise or class instance')
  const own = new Map<string, unknown>()
  // Also names that are not enumerable: an option that restricts must not be dropped because of how it was defined.
  for (const name of Object.getOwnPropertyNames(input)) {
    if (!Object.hasOwn(table, name)) {
      const known = Object.keys(table).join(', ')
      throw new ConfigurationError(`${where}.${name}`, `unknown option; known are ${known}`)
    }
    const value = input[name]
    if (value === undefined && table[name]?.isRestricting === true)
      throw new ConfigurationError(`${prefix}${name}`, 'is undefined; leave it out instead')
    own.set(name, value)
  }
  // Without a prototype, so that no inherited setter sees a value. The copy has every name of the table.
  const read: Record<string, unknown> = Object.create(null) as typeof read
  for (const [name, reader] of Object.entries(table))
    read[name] = reader.read(`${prefix}${name}`, own.get(name), read)
  return { ...read } as Result<T>
}

/** Reads an option that is itself an options object. When it is absent, the defaults of its table apply. */
export function nested<T extends Table>(type: string, table: T): Reader<Result<T>> {
  return custom({ type, isOptional: true }, (option, value = {}) => readOptions(option, value, table))
}
