import { ConfigurationError } from '../options/configuration-error.js'
import { custom, type Reader } from '../options/reader.js'
import { hasStrayCharacters, STRAY_CHARACTERS_PROBLEM } from '../options/readers.js'
import { mapItems } from '../util/members.js'

/**
 * Secret of the processes that share a store: at least 32 bytes, as a string or as bytes, created by a generator of random
 * numbers. Of a list, the first secret encrypts and every one decrypts, so that a secret can be replaced without a restart of
 * all processes at the same time.
 */
export type StoreSecret = string | Uint8Array | readonly (string | Uint8Array)[]

/**
 * Checked secrets. An interface, because the compiler would otherwise write a type argument of `Uint8Array` into the
 * declarations of inferred types, and TypeScript before 5.7 knows none.
 */
export interface StoreSecrets {
  /** The secret that encrypts, then those that only decrypt. */
  readonly all: readonly [Uint8Array, ...Uint8Array[]]
}

/** Minimum length: that of the keys that are derived from a secret. */
const SHORTEST = 32

/** Reads the `secret` option. */
export const storeSecret: Reader<StoreSecrets> = custom(
  { type: 'string, bytes or list', bounds: 'at least 32 bytes' },
  (option, value) => {
    if (!Array.isArray(value)) return { all: [readSecret(option, value)] }
    const [first, ...others] = mapItems(value as readonly unknown[], (item, index) =>
      readSecret(`${option}[${index}]`, item),
    )
    if (first === undefined) throw new ConfigurationError(option, 'must not be an empty list')
    return { all: [first, ...others] }
  },
)

function readSecret(option: string, value: unknown): Uint8Array {
  if (typeof value === 'string' && hasStrayCharacters(value))
    throw new ConfigurationError(option, STRAY_CHARACTERS_PROBLEM)
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    const expectation = 'must be a string or bytes of at least 32 bytes, or a list of them'
    throw new ConfigurationError(option, value === undefined ? `is required and ${expectation}` : expectation)
  }
  // A copy, because the caller may overwrite its bytes.
  const bytes = Buffer.from(value)
  if (bytes.length >= SHORTEST) return bytes
  throw new ConfigurationError(
    option,
    `has ${bytes.length} bytes, and at least ${SHORTEST} are required. Create one with: openssl rand -base64 32`,
  )
}
