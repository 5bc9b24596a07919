import { generateKeyPair } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A key pair in the form that the test issuer requires. */
export interface RsaKeyPair {
  readonly publicKey: string
  readonly privateKey: string
}

/** The keys that `withReservedKeys` gives out. */
export const RESERVED = 12

/** Beside those, more than any test uses at a time. */
const COUNT = RESERVED + 24

/** Where the keys are kept from one run of the tests to the next. */
export const RSA_KEYS_FILE = fileURLToPath(
  new URL(`../../../node_modules/.cache/m2m-guard/rsa-keys-${COUNT}.json`, import.meta.url),
)

/** Makes the keys before the first test runs, where they are missing. */
export default async function makeRsaKeys(): Promise<void> {
  if (existsSync(RSA_KEYS_FILE)) return
  const make = (): Promise<RsaKeyPair> =>
    promisify(generateKeyPair)('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
  const keys = await Promise.all(Array.from({ length: COUNT }, make))
  mkdirSync(dirname(RSA_KEYS_FILE), { recursive: true })
  // Renamed, so that another run never reads half of it.
  const unfinished = `${RSA_KEYS_FILE}.${process.pid}`
  writeFileSync(unfinished, JSON.stringify(keys))
  renameSync(unfinished, RSA_KEYS_FILE)
}
