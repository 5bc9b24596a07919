import { randomBytes, randomUUID } from 'node:crypto'
import { PRESETS, type PresetName } from '../presets/names.js'
import { KeyRing } from './key-ring.js'

/** Provider that the test issuer simulates. */
export type ProviderName = 'oauth' | 'clerk' | 'stytch' | 'authlete'

/** Every provider. */
export const PROVIDERS: readonly ProviderName[] = ['oauth', 'clerk', 'stytch', 'authlete']

/** Owner of keys: a provider, or a preset of `m2m-guard/issuers`. */
export type KeyOwner = ProviderName | PresetName

/** Every owner of keys. */
export const KEY_OWNERS: readonly KeyOwner[] = [...PROVIDERS, ...PRESETS]

/** Creates separate keys for each owner, so that no owner's keys verify tokens of another. */
export function createKeyRings(): Readonly<Record<KeyOwner, KeyRing>> {
  const presets = PRESETS.map((preset) => {
    const members = preset === 'spiffe' ? { use: 'jwt-svid' } : {}
    return [preset, new KeyRing({ newKid: () => randomString(8), members })] as const
  })
  return {
    ...(Object.fromEntries(presets) as Record<PresetName, KeyRing>),
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
