import { expect, it } from 'vitest'
import { oauth, Refusal } from '../../src/index.js'
import { decodeJwt } from '../../src/jwt/decode.js'
import { readJwk } from '../../src/keys/jwk.js'
import { type VerificationKey } from '../../src/model/key/verification-key.js'
import type { KeySet } from '../../src/model/key/verification-key.js'
import { verifyJwt } from '../../src/jwt/verify.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'

const ISSUER = 'https://issuer.test'
const signing = createSigningKey('k', 'ES256', {})
const token = signJwt(
  signing,
  { alg: 'ES256', kid: 'k' },
  { iss: ISSUER, aud: 'orders', sub: 'billing', exp: Date.now() / 1000 + 3600 },
)

function keyInUse(): VerificationKey {
  const key = readJwk(signing.jwk)
  if (key === undefined) throw new Error('a bad fixture')
  return key
}

/** Verifies the token with these keys. The signature result arrives only when `finish` is called. */
function verificationInFlight(keys: readonly VerificationKey[]): {
  finish: () => void
  outcome: Promise<string>
} {
  let finish = (): void => undefined
  const checking = new Promise<boolean>((resolve) => {
    finish = () => {
      resolve(true)
    }
  })
  const profile = oauth({ issuer: ISSUER, audience: 'orders', jwks: { keys: [signing.jwk] } }).jwt
  const unverified = decodeJwt(token)
  if (profile === undefined || unverified === undefined) throw new Error('a bad fixture')
  const set = { find: () => keys, explainUnknown: () => () => '' } as unknown as KeySet
  const verifying = Promise.resolve(verifyJwt(token, unverified, profile, set, () => checking))
  const outcome = verifying.then((result) => (result instanceof Refusal ? result.reason : 'accepted'))
  return { finish, outcome }
}

it('a key that is withdrawn during the verification of a signature does not verify it', async () => {
  const key = keyInUse()
  const { finish, outcome } = verificationInFlight([key])
  key.withdrawn = true
  finish()
  expect(await outcome).toBe('key_unknown')
})

it('another key with the same id, which was not withdrawn, still verifies it', async () => {
  const [first, second] = [keyInUse(), keyInUse()]
  const { finish, outcome } = verificationInFlight([first, second])
  first.withdrawn = true
  finish()
  expect(await outcome).toBe('accepted')
})

it('a published key verifies a signature, however long the verification takes', async () => {
  const { finish, outcome } = verificationInFlight([keyInUse()])
  finish()
  expect(await outcome).toBe('accepted')
})
