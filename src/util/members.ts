/** Seconds since the epoch, whole or fractional. */
export type EpochSeconds = number

/**
 * JSON object from outside. Any member may be absent or have an undocumented type; the readers then return
 * `undefined`.
 */
export type UntrustedObject = Readonly<Record<string, unknown>>

/**
 * Returns a property of any type if the object itself has it. A property of a polluted prototype is treated as absent.
 */
export function ownMember<T extends object, Name extends keyof T>(of: T, name: Name): T[Name] | undefined {
  // The lookup first, because most of the claims looked up are absent, and `Object.hasOwn` costs more.
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

/** Reads the strings of a list. Returns an empty list if the value is not a list. */
export function stringList(from: UntrustedObject, name: string): readonly string[] {
  const value = ownMember(from, name)
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Reads a time in milliseconds since the epoch. Returns seconds. */
export function secondsFromMilliseconds(from: UntrustedObject, name: string): EpochSeconds | undefined {
  const value = number(from, name)
  return value === undefined ? undefined : value / 1000
}

/** Reads an object. */
export function record(from: UntrustedObject, name: string): UntrustedObject | undefined {
  const value = ownMember(from, name)
  return isRecord(value) ? value : undefined
}

/** Reads the objects of a list. Returns `undefined` if the value is not a list. */
export function records(from: UntrustedObject, name: string): readonly UntrustedObject[] | undefined {
  const value = ownMember(from, name)
  return Array.isArray(value) ? value.filter(isRecord) : undefined
}

/** Whether a value is an object that is neither `null` nor a list, such as a JSON object or an options object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Source of the function `Object` of any realm. No other function has both this source and a `prototype`. */
const OBJECT_SOURCE = /^function Object\(\)\s*\{\s*\[native code\]\s*\}$/

/** Whether an object is the `Object.prototype` of any realm. An object with the same properties is not. */
export function isObjectPrototype(value: object): boolean {
  if (value === Object.prototype) return true
  const creator: unknown = Object.getOwnPropertyDescriptor(value, 'constructor')?.value
  // The `prototype` of `Object` is not writable, so that it identifies the object.
  return (
    typeof creator === 'function' &&
    creator.prototype === value &&
    OBJECT_SOURCE.test(Function.prototype.toString.call(creator))
  )
}

/** Whether an object is a plain object: without a prototype, or with the `Object.prototype` of any realm. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || isObjectPrototype(prototype)
}

/** Whether a value is a string with at least one character. */
export function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Whether a value is a list of strings. */
export function isStringList(value: unknown): value is readonly string[] {
  return isListOf(value, (item) => typeof item === 'string')
}

/** Whether a value is a list whose items all pass a check. A hole counts as `undefined`; `every` would skip it. */
export function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.findIndex((item) => !isItem(item)) === -1
}

/** Converts every item of a list. A hole counts as `undefined`; `map` would skip it. */
export function mapItems<T, U>(list: readonly T[], convert: (item: T, index: number) => U): U[] {
  return Array.from({ length: list.length }, (_, index) => convert(list[index] as T, index))
}
