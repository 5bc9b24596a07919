import { randomBytes, randomUUID } from 'node:crypto'
import { KeyRing } from './key-ring.js'

/** Provider that the test issuer simulates. */
export type ProviderName = 'oauth' | 'clerk' | 'stytch' | 'authlete'

/** Every provider. */
export const PROVIDERS: readonly ProviderName[] = ['oauth', 'clerk', 'stytch', 'authlete']

/** Creates separate keys for each provider, so that no provider's keys verify tokens of another. */
export function createKeyRings(): Readonly<Record<ProviderName, KeyRing>> {
  return {
    oauth: new KeyRing({ newKid: () => randomString(8), members: {} }),
    // At Clerk the key id is the id of the instance.
    clerk: new KeyRing({ newKid: () => `ins_${randomLetters(27)}`, members: {} }),
    stytch: new KeyRing({ newKid: () => `jwk-test-${randomUUID()}`, members: { key_ops: ['verify'] } }),
    authlete: new KeyRing({ newKid: () => randomString(8), members: {} }),
  }
}

/** Returns `bytes` random bytes in base64url. */
export function randomString(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

/** Returns random letters and digits, as in Clerk's ids. */
export function randomLetters(length: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('')
}

/** Returns a random number of `digits` digits that does not start with 0. */
export function randomDigits(digits: number): string {
  return Array.from(randomBytes(digits), (byte, index) =>
    String(index === 0 ? 1 + (byte % 9) : byte % 10),
  ).join('')
}
