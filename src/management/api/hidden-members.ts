/**
 * Adds secrets to a result and freezes it. Each is read by name like any other member, but is not enumerable, so that
 * logging, serializing or copying the result leaves it out.
 */
export function withSecrets<T extends object, S extends object>(result: T, secrets: S): Readonly<T & S> {
  for (const [name, value] of Object.entries(secrets)) {
    Object.defineProperty(result, name, { value: value as unknown, enumerable: false })
  }
  return Object.freeze(result) as Readonly<T & S>
}
