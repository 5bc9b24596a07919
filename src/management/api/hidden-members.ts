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
