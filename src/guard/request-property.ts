import type { AccessToken } from '../model/access-token.js'
import { isRecord } from '../util/members.js'

/** The part of an accepted result that determines the property. */
export interface TokenProperty {
  /** Name of the property; `false` sets none. */
  readonly property: string | false
  readonly token: AccessToken | undefined
  /** The token of the guard before, which may be the current value. */
  readonly replaced: AccessToken | undefined
}

/**
 * Sets the accepted token as a property of a request, or of the object that a framework uses for such properties.
 *
 * A property of another library is left as it is, with one process warning, because code of that library relies on it.
 * `accessToken()` needs no property.
 *
 * @param absent - value that the framework's adapter sets on a request without a token; `undefined` sets nothing.
 */
export function setTokenProperty(
  target: object,
  { property, token, replaced }: TokenProperty,
  absent?: null,
): void {
  if (property === false) return
  const holder = target as Record<string, unknown>
  const current = holder[property]
  if (current !== undefined && current !== absent && !mayReplace(property, current, token, replaced)) {
    warnOfForeignProperty(property)
    return
  }
  const value = token ?? absent
  if (value === current) return
  try {
    holder[property] = value
  } catch {
    // Frozen, or a property of another library without a setter.
    warnOfForeignProperty(property)
  }
}

/** Whether the current value is the token of an earlier guard. */
function mayReplace(
  property: string,
  current: unknown,
  token: AccessToken | undefined,
  replaced: AccessToken | undefined,
): boolean {
  if (current === token || current === replaced || isAccessToken(current)) return true
  // A value of a polluted prototype does not belong to another library.
  return Reflect.get(Object.prototype, property) === current
}

/** Recognizes the access tokens of every copy of the package, whose class has no brand. */
function isAccessToken(value: unknown): boolean {
  return (
    isRecord(value) &&
    ['fingerprint', 'provider', 'format', 'scopes'].every((name) => Object.hasOwn(value, name))
  )
}

/** Names about which the process has been warned. */
const reported = new Set<string>()

/** Emits one process warning per name. */
export function warnOfForeignProperty(property: string): void {
  if (reported.has(property)) return
  reported.add(property)
  process.emitWarning(
    `The request already has a property '${property}' of another library, which the guard does not overwrite. ` +
      "Read the token with accessToken(). Set the guard's option `property` to another name, or to false",
    { code: 'M2M_GUARD_PROPERTY_TAKEN' },
  )
}
