import { createVerifier, oauth } from '../../src/index.js'
import { createSigningKey, signJwt } from '../../src/testing/signing-keys.js'
import { answerMessages } from '../support/child.js'
import { usedBytes } from '../support/heap.js'
import { AUDIENCE, claimsOf } from '../support/tokens.js'

/** Bytes of the heap for each remembered token, and for its claims alone. */
export interface Memory {
  readonly perToken: number
  readonly claims: number
}

const ISSUER = 'https://issuer.test'
const key = createSigningKey('key', 'ES256', {})
const mint = (): string => signJwt(key, { alg: 'ES256', typ: 'at+jwt', kid: 'key' }, claimsOf(ISSUER))

answerMessages(async (count: number): Promise<Memory> => {
  const verifier = createVerifier({
    issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } })],
    cache: { maxTokens: count + 1 },
  })
  // The first one brings in what is there once.
  await verifier.verify(mint())
  const empty = usedBytes()
  for (let index = 0; index < count; index += 1) await verifier.verify(mint())
  const perToken = (usedBytes() - empty) / count
  const before = usedBytes()
  const claims: unknown[] = []
  for (let index = 0; index < count; index += 1) claims.push(JSON.parse(JSON.stringify(claimsOf(ISSUER))))
  const perClaims = (usedBytes() - before) / claims.length
  // Used after both measurements: gone before, it would take what it remembers out of the second.
  verifier.health()
  return { perToken, claims: perClaims }
})
