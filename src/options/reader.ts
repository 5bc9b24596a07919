import { ConfigurationError } from './configuration-error.js'

/** Documentation of an option. */
export interface Description {
  /** Type as in docs/reference/options.md, without markup: `Duration`, `'oauth' or 'problem'`. */
  readonly type: string
  /** Inclusive limits, or a phrase for limits that are not numbers. */
  readonly bounds: Bounds | string | undefined
  readonly default: unknown
  /** Whether the option may be absent although it has no default. */
  readonly isOptional: boolean
}

/** Minimum and maximum. A string is a duration or the name of another option. */
interface Bounds {
  readonly min: number | string
  readonly max: number | string
}

/** Reader of one option: checks and converts its value. */
export interface Reader<T> {
  /**
   * Returns the checked value. The `value` of an absent option is `undefined`. `siblings` are the options of the same
   * table that were read before this one.
   *
   * @throws ConfigurationError that names `option`.
   */
  readonly read: (option: string, value: unknown, siblings?: Siblings) => T
  readonly describe: Description
  /** Whether an option that is present as `undefined` is refused: see {@link restricting}. */
  readonly isRestricting: boolean
}

/** Checked values of the same table. */
export type Siblings = Readonly<Record<string, unknown>>

/** Readers by the name of their option. They are called in this order. */
export type Table = Readonly<Record<string, Reader<unknown>>>

/** Table with a reader for every option of an interface: `const OPTIONS = { ... } satisfies TableOf<KeyOptions>`. */
export type TableOf<Options> = { readonly [Name in keyof Options]-?: Reader<unknown> }

/** Checked values of a table. Every name is present: the value of an absent option is `undefined` or its default. */
export type Result<T extends Table> = {
  readonly [Name in keyof T]: T[Name] extends Reader<infer Value> ? Value : never
}

/** Table whose checked values are these settings. */
export type ReadersOf<Settings> = { readonly [Name in keyof Settings]: Reader<Settings[Name]> }

/**
 * Creates a reader from a check. With a default the option may be absent, otherwise it is required and `check` is
 * called with `undefined`.
 */
export function custom<T>(
  description: string | (Pick<Description, 'type'> & Partial<Description>),
  check: Reader<T>['read'],
): Reader<T> {
  const properties = typeof description === 'string' ? { type: description } : description
  // Every property is set, so that a polluted prototype cannot add one.
  const describe = { bounds: undefined, default: undefined, isOptional: false, ...properties }
  return { read: check, describe, isRestricting: false }
}

/** Creates the error for an invalid or absent value. The expectation is a phrase such as `must be ...`. */
export function mismatch(option: string, value: unknown, expectation: string): ConfigurationError {
  return new ConfigurationError(option, value === undefined ? `is required and ${expectation}` : expectation)
}

/** Allows an option to be absent. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return {
    ...reader,
    read: (option, value, siblings) =>
      value === undefined ? undefined : reader.read(option, value, siblings),
    describe: { ...reader.describe, isOptional: true },
  }
}

/** Allows an option to be absent. Its value is then the default. */
export function withDefault<T>(reader: Reader<T>, fallback: T): Reader<T> {
  return {
    ...reader,
    read: (option, value, siblings) =>
      value === undefined ? fallback : reader.read(option, value, siblings),
    describe: { ...reader.describe, default: fallback },
  }
}

/** Allows every option of a table to be absent. */
export function optionals<T extends Table>(
  table: T,
): { readonly [Name in keyof T]: Reader<Result<T>[Name] | undefined> } {
  const readers = Object.entries(table).map(([name, reader]) => [name, optional(reader)])
  return Object.fromEntries(readers) as ReturnType<typeof optionals<T>>
}

/** Allows `null`. */
export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return {
    ...reader,
    read: (option, value, siblings) => (value === null ? null : reader.read(option, value, siblings)),
    describe: { ...reader.describe, type: `${reader.describe.type}, or null` },
  }
}

/**
 * Refuses an option that is present as `undefined`, so that an accidentally undefined requirement, such as an unset
 * environment variable, is not dropped.
 *
 * For every option whose absence accepts, trusts or grants more, or for longer. An option whose absence only selects
 * other behavior, such as `fetch`, may be `undefined`.
 */
export function restricting<T>(reader: Reader<T>): Reader<T> {
  return { ...reader, isRestricting: true }
}

/** Makes every option of a table {@link restricting}. */
export function allRestricting<T extends Table>(table: T): T {
  const readers = Object.entries(table).map(([name, reader]) => [name, restricting(reader)])
  return Object.fromEntries(readers) as T
}

/** Replaces parts of the documentation of a reader. */
export function described<T>(reader: Reader<T>, description: Partial<Description>): Reader<T> {
  return { ...reader, describe: { ...reader.describe, ...description } }
}

/** Converts a checked value, or applies another check to it. */
export function mapped<T, U>(reader: Reader<T>, convert: (value: T, option: string) => U): Reader<U> {
  return {
    ...reader,
    read: (option, value, siblings) => convert(reader.read(option, value, siblings), option),
  }
}
