import { isRecord } from '../util/members.js'
import { ConfigurationError } from './configuration-error.js'

/** The members of an options object that the caller wrote there, and nothing inherited. */
export type OwnOptions<T> = { readonly [K in keyof T]: T[K] }

/**
 * Reads an options object: own members only, so that a polluted prototype configures nothing, and
 * unknown names refused, so that a typing error does not leave a check out.
 */
export function ownOptions<T extends object>(
  where: string,
  options: T,
  known: Readonly<Record<keyof T & string, true>>,
): OwnOptions<T> {
  if (!isRecord(options) || !isPlain(options)) {
    throw new ConfigurationError(
      where,
      'must be an object of options: a plain one, not a promise or an instance',
    )
  }
  const own: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) {
      throw new ConfigurationError(
        `${where}.${name}`,
        `unknown option; known are ${Object.keys(known).join(', ')}`,
      )
    }
    own[name] = options[name]
  }
  return own as OwnOptions<T>
}

/** Whether an object inherits from nothing but some realm's `Object.prototype`: all it says is in its own members. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
