import { ConfigurationError } from '../../options/configuration-error.js'
import { integer, oneOf } from '../../options/readers.js'
import { tokenHeader } from '../../options/token-header.js'
import { isRecord } from '../../util/members.js'
import { parseJson } from '../../util/json.js'
import type { VariableName } from './environment.js'

/** An option of a command: its syntax and its reader. */
export interface Option<T = unknown> {
  /** One letter that stands for the option: `-o`. */
  readonly short?: string
  /** Placeholder of the value in the help; `undefined` for a flag. */
  readonly metavar: string | undefined
  readonly help: string
  /** Environment variable with the value, if the option is not on the command line. */
  readonly variable?: VariableName
  readonly isRequired: boolean
  readonly isMultiple: boolean
  /** Whether the value is a secret, which is read from stdin (`-`) or from an environment variable (`env:NAME`). */
  readonly isSecret: boolean
  /**
   * Reads the value.
   *
   * @throws ConfigurationError that names `where`, for an invalid value.
   */
  readonly read: (where: string, text: string) => unknown
  /** Carries the type only. */
  readonly type?: T
}

/** Options of a command by their camel case names: `expiresIn` is written `--expires-in`. */
export type Options = Readonly<Record<string, Option>>

export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never
}

function option<T>(
  metavar: string | undefined,
  help: string,
  read: (where: string, text: string) => T,
): Option<T | undefined> {
  return { metavar, help, read, isRequired: false, isMultiple: false, isSecret: false }
}

export const flag = (help: string): Option<true | undefined> => option(undefined, help, () => true as const)

export const text = (metavar: string, help: string): Option<string | undefined> =>
  option(metavar, help, (_where, value) => value)

/** A secret, which is never written on the command line itself. */
export const secret = (help: string): Option<string | undefined> => ({
  ...option('-|env:NAME', help, (_where, value) => value),
  isSecret: true,
})

export const number = (metavar: string, help: string, min = 0): Option<number | undefined> => {
  const count = integer({ min, max: 999_999_999_999 })
  return option(metavar, help, (where, value) =>
    count.read(where, /^\d+$/.test(value) ? Number(value) : value),
  )
}

const portNumber = integer({ min: 0, max: 65_535 })

export const port = (help: string): Option<number | undefined> =>
  option('PORT', help, (where, value) => portNumber.read(where, /^\d+$/.test(value) ? Number(value) : value))

/** The name of a header with a bare token. Returned in lower case. */
export const headerName = (help: string): Option<string | undefined> => option('NAME', help, tokenHeader.read)

/** A duration. Digits without a unit are seconds. */
export const duration = (help: string): Option<number | string | undefined> =>
  option('DURATION', help, (_where, value) => (/^\d{1,12}$/.test(value) ? Number(value) : value))

export const choice = <const V extends string>(values: readonly V[], help: string): Option<V | undefined> =>
  option(values.join('|'), help, oneOf(values).read)

/** An option whose value may also be in an environment variable. */
export const orVariable = <T>(variable: VariableName, one: Option<T>): Option<T> => ({ ...one, variable })

/** A time in ISO 8601 format or in seconds since the epoch. Returned in seconds. */
export const moment = (help: string): Option<number | undefined> =>
  option('TIME', help, (where, value) => {
    const isDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(value)
    const seconds = isDate ? Date.parse(value) / 1000 : /^\d{1,11}$/.test(value) ? Number(value) : Number.NaN
    if (Number.isNaN(seconds)) {
      throw new ConfigurationError(
        where,
        'must be a time such as 2030-01-31T08:00:00Z, or seconds since the epoch',
      )
    }
    return seconds
  })

/** A JSON object. */
export const object = (help: string): Option<Readonly<Record<string, unknown>> | undefined> =>
  option('JSON', help, (where, value) => {
    const parsed = parseJson(value)
    if (!isRecord(parsed)) throw new ConfigurationError(where, 'must be a JSON object, in quotes')
    return parsed
  })

/** An option that may occur several times. */
export const repeatable = <T>(one: Option<T>): Option<readonly Exclude<T, undefined>[] | undefined> => ({
  metavar: one.metavar,
  help: `${one.help}; may be repeated`,
  isRequired: false,
  isMultiple: true,
  isSecret: false,
  read: one.read,
})

export const required = <T>(one: Option<T>): Option<Exclude<T, undefined>> => ({
  metavar: one.metavar,
  help: one.help,
  isRequired: true,
  isMultiple: one.isMultiple,
  isSecret: one.isSecret,
  read: one.read,
})

/** Returns the flag of an option: `--expires-in` for `expiresIn`. */
export function toFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
