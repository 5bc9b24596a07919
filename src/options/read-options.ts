/**
 * An option is missing, wrong or unknown. Thrown at start, by the factory the option was given to;
 * the message names the option and what would be right. Never thrown because of a request.
 */
export class ConfigurationError extends TypeError {
  override readonly name = 'ConfigurationError'

  /** The option the error is about, as a path: `issuers[1].audience`. */
  readonly option: string

  constructor(option: string, problem: string) {
    super(`${option}: ${problem}`)
    this.option = option
  }
}

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

/** True for an object that is neither null nor a list: JSON's object, or an options object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

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

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Whether an address may be asked for keys or verdicts: `https:`, or `http:` on the loopback interface
 * only (RFC 8414 section 2, RFC 7662 section 4).
 */
export function isSecureAddress(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOST.test(hostname))
}

/** Reads an option that is an address we will talk to. Refuses credentials in it: they would reach logs. */
export function secureAddress(option: string, value: unknown): string {
  const address = requiredText(option, value)
  if (!isSecureAddress(address)) {
    throw new ConfigurationError(option, 'must be an https: address (http: is for loopback addresses only)')
  }
  const { username, password, hash } = new URL(address)
  if (username !== '' || password !== '') {
    throw new ConfigurationError(option, 'must not hold a user name or password')
  }
  if (hash !== '') throw new ConfigurationError(option, 'must not have a fragment')
  return address
}
