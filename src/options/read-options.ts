import { isPlain, isRecord } from '../util/members.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, mismatch, type Reader, type Result, type Siblings, type Table } from './reader.js'

/**
 * Reads an options object by a table. Inherited properties are ignored, so that a polluted prototype configures nothing.
 * Unknown names are refused, so that a misspelled name does not disable a check.
 *
 * @param prefix - precedes the name of an option in errors.
 * @param parentSiblings - options that enclose this object, which its readers see as siblings too.
 * @throws ConfigurationError that names the option that is unknown, missing or invalid.
 */
export function readOptions<T extends Table>(
  where: string,
  input: unknown,
  table: T,
  prefix = `${where}.`,
  parentSiblings: Siblings | null = null,
): Result<T> {
  if (!isRecord(input) || !isPlain(input))
    throw mismatch(where, input, 'must be a plain options object, not a promise or class instance')
  const values = new Map<string, unknown>()
  // Non-enumerable names and symbols count too, so that a restricting option is not dropped because of how it was defined.
  for (const name of Reflect.ownKeys(input)) {
    if (typeof name === 'symbol' || !Object.hasOwn(table, name)) {
      const names = Object.keys(table).join(', ')
      throw new ConfigurationError(`${where}.${String(name)}`, `unknown option; the options are ${names}`)
    }
    const value = input[name]
    if (value === undefined && table[name]?.isRestricting === true)
      throw new ConfigurationError(`${prefix}${name}`, 'is undefined; leave it out instead')
    values.set(name, value)
  }
  // The chain of prototypes ends with null, so that no inherited setter receives a value. The copy has the names of the
  // table only.
  const result: Record<string, unknown> = Object.create(parentSiblings) as typeof result
  for (const [name, reader] of Object.entries(table))
    result[name] = reader.read(`${prefix}${name}`, values.get(name), result)
  return { ...result } as Result<T>
}

/** Reads an option that is itself an options object. When it is absent, the defaults of its table apply. */
export function nested<T extends Table>(type: string, table: T): Reader<Result<T>> {
  return custom({ type, isOptional: true }, (option, value, siblings) =>
    readOptions(option, value === undefined ? {} : value, table, undefined, siblings),
  )
}
