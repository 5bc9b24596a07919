/** Seconds since the epoch, whole or fractional. */
export type EpochSeconds = number

/** A JSON object from outside. Any field may be absent or have another type than documented: the readers then return undefined. */
export type UntrustedObject = Readonly<Record<string, unknown>>

/**
 * The value of a field if the object itself has it, whatever its type. An inherited field, of a polluted prototype for
 * example, is treated as absent.
 */
export function ownMember<T extends object, Name extends keyof T>(of: T, name: Name): T[Name] | undefined {
  // The lookup first: most claims that are looked for are absent, and `Object.hasOwn` costs more.
  const value = of[name]
  return value === undefined || Object.hasOwn(of, name) ? value : undefined
}

/** Reads a string. */
export function string(from: UntrustedObject, name: string): string | undefined {
  const value = ownMember(from, name)
  return typeof value === 'string' ? value : undefined
}

/** Reads a string that is not empty. */
export function nonEmptyString(from: UntrustedObject, name: string): string | undefined {
  const value = ownMember(from, name)
  return isNonEmptyString(value) ? value : undefined
}

/** Reads a finite number. */
export function number(from: UntrustedObject, name: string): number | undefined {
  const value = ownMember(from, name)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Reads a boolean. */
export function boolean(from: UntrustedObject, name: string): boolean | undefined {
  const value = ownMember(from, name)
  return typeof value === 'boolean' ? value : undefined
}

/** Reads the strings of a list; empty for anything but a list. */
export function stringList(from: UntrustedObject, name: string): readonly string[] {
  const value = ownMember(from, name)
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Reads a time that is written in milliseconds since the epoch. */
export function secondsFromMilliseconds(from: UntrustedObject, name: string): EpochSeconds | undefined {
  const value = number(from, name)
  return value === undefined ? undefined : value / 1000
}

/** Reads an object. */
export function record(from: UntrustedObject, name: string): UntrustedObject | undefined {
  const value = ownMember(from, name)
  return isRecord(value) ? value : undefined
}

/** Reads the objects of a list; undefined for anything but a list. */
export function records(from: UntrustedObject, name: string): readonly UntrustedObject[] | undefined {
  const value = ownMember(from, name)
  return Array.isArray(value) ? value.filter(isRecord) : undefined
}

/** True for an object that is neither null nor a list: JSON's object, or an options object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether an object is the `Object.prototype` of some realm. Everything inherits from it, so that no member of it is meant. */
export function isObjectPrototype(value: object): boolean {
  return Object.getPrototypeOf(value) === null && Object.hasOwn(value, 'isPrototypeOf')
}

/** Whether an object inherits only from the `Object.prototype` of some realm: its own members are all it has. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || prototype === Object.prototype || isObjectPrototype(prototype)
}

/** Whether a value is a string with at least one character. */
export function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Whether a value is a list of nothing but strings. */
export function isStringList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
