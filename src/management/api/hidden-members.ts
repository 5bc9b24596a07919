/**
 * Adds secrets to a result as non-enumerable properties and freezes it. A secret is read by name, and is left out
 * when the result is logged, serialized or copied.
 */
export function withSecrets<T extends object, S extends object>(result: T, secrets: S): Readonly<T & S> {
  for (const [name, value] of Object.entries(secrets)) {
    Object.defineProperty(result, name, { value: value as unknown, enumerable: false })
  }
  return Object.freeze(result) as Readonly<T & S>
}
