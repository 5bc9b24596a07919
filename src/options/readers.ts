import { ConfigurationError } from './configuration-error.js'

/** Reads an option that must be a text with something in it. */
export function requiredText(option: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') {
    throw new ConfigurationError(option, 'is required and must be a non-empty string')
  }
  return value
}

/** Reads an option that may be left out and otherwise must be a text with something in it. */
export function optionalText(option: string, value: unknown): string | undefined {
  return value === undefined ? undefined : requiredText(option, value)
}

/** Reads an option that is a list of texts (or a single one), none of them empty, at least one of them. */
export function textList(option: string, value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw new ConfigurationError(option, 'must not be an empty list')
  return Object.freeze(list.map((item) => requiredText(option, item)))
}

/** Reads an option that is `true` or `false`. */
export function flag(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw new ConfigurationError(option, 'must be true or false')
  return value
}

/** Reads an option that is a whole number within bounds. */
export function wholeNumber(
  option: string,
  value: unknown,
  fallback: number,
  bounds: { readonly min: number; readonly max: number },
): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isInteger(value) || value < bounds.min || value > bounds.max) {
    throw new ConfigurationError(option, `must be a whole number from ${bounds.min} to ${bounds.max}`)
  }
  return value
}

/** Reads an option that is a function. */
export function optionalFunction<F>(option: string, value: F | undefined): F | undefined {
  if (value !== undefined && typeof value !== 'function') {
    throw new ConfigurationError(option, 'must be a function')
  }
  return value
}
