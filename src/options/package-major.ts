import { ConfigurationError } from './configuration-error.js'

/** Major version of the package. */
const MAJOR = 0

/** Key of the major version. The same in every major version, so that each of them recognizes the others. */
const MARK = Symbol.for('m2m-guard/major')

/** Marks an object as created by this major version of the package. The mark is not enumerable. */
export function markMajor(value: object): void {
  Object.defineProperty(value, MARK, { value: MAJOR })
}

/**
 * Refuses an object that another major version of the package created, because its meaning may differ.
 *
 * @throws ConfigurationError that names both versions.
 */
export function refuseOtherMajor(option: string, value: object): void {
  const major = (value as { readonly [MARK]?: number })[MARK]
  if (major === undefined || major === MAJOR) return
  throw new ConfigurationError(
    option,
    `was created by m2m-guard ${major}, and this is m2m-guard ${MAJOR}. Install one major version: npm ls m2m-guard lists them`,
  )
}
