/**
 * Adds a secret to a result. It is read by its name like any other member, but it is not enumerable: logging,
 * serializing or copying the result does not take it along.
 */
export function withSecret<T extends object, K extends string>(
  result: T,
  name: K,
  secret: string,
): Readonly<T> & Readonly<Record<K, string>> {
  return Object.freeze(
    Object.defineProperty(result, name, { value: secret, enumerable: false }),
  ) as Readonly<T> & Readonly<Record<K, string>>
}

/** Adds secrets to a result: read by their names like any member, but not enumerable, so that no log takes them along. */
export function withSecrets<T extends object, S extends object>(result: T, secrets: S): Readonly<T & S> {
  for (const [name, value] of Object.entries(secrets)) {
    Object.defineProperty(result, name, { value: value as unknown, enumerable: false })
  }
  return Object.freeze(result) as Readonly<T & S>
}
