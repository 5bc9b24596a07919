import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

/** Version of the format: first byte of every value. Values of other versions are not read. */
const VERSION = 1

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Values are padded to a multiple of this length, so that their length says little about their content. */
const BLOCK = 256

/** Maximum characters of a value. Anyone who can write to the store could otherwise keep this process busy with decoding. */
export const LONGEST_SEALED = 1_048_576

/** Keys derived from one secret for one purpose. */
export interface SealingKeys {
  readonly naming: Uint8Array
  readonly encryption: Uint8Array
}

/** Derives the keys for a purpose, such as `answers`, so that a value of one purpose is never read as that of another. */
export function deriveKeys(secret: Uint8Array, purpose: string): SealingKeys {
  const derive = (use: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, 'm2m-guard', `${purpose}/${use}/${VERSION}`, 32))
  return { naming: derive('names'), encryption: derive('encryption') }
}

/** Returns the keyed digest of strings. Without the secret it is impossible to tell whether it belongs to a guessed token. */
export function digestOf({ naming }: SealingKeys, parts: readonly string[]): string {
  return createHmac('sha256', naming).update(JSON.stringify(parts)).digest('base64url')
}

/** Encrypts a string (AES-256-GCM). The name is authenticated, so that a value cannot be moved to another name. */
export function seal(keys: SealingKeys, name: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyOf(keys, name), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(authenticated(name))
  const bytes = Buffer.from(text)
  const padding = Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK, ' ')
  const encrypted = [cipher.update(bytes), cipher.update(padding), cipher.final()]
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ...encrypted]).toString('base64url')
}

/** Decrypts a string, with padding at its end. `undefined` for anything that was not sealed for this name with these keys. */
export function open(keys: SealingKeys, name: string, value: string): string | undefined {
  if (value.length > LONGEST_SEALED) return undefined
  const bytes = Buffer.from(value, 'base64url')
  const start = 1 + NONCE_BYTES + TAG_BYTES
  if (bytes[0] !== VERSION || bytes.length < start) return undefined
  const decipher = createDecipheriv('aes-256-gcm', keyOf(keys, name), bytes.subarray(1, 1 + NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(authenticated(name))
  decipher.setAuthTag(bytes.subarray(1 + NONCE_BYTES, start))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(start)), decipher.final()]).toString()
  } catch {
    return undefined
  }
}

/** One key per name, so that random nonces never come near the limit for one key (NIST SP 800-38D section 8.3). */
function keyOf({ encryption }: SealingKeys, name: string): Uint8Array {
  return createHmac('sha256', encryption).update(name).digest()
}

function authenticated(name: string): Uint8Array {
  return Buffer.from(`${VERSION}:${name}`)
}
