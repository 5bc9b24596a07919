import { createVerifier, oauth } from '../../src/index.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import { answerMessages } from '../support/child.js'
import { usedBytes } from '../support/heap.js'
import { AUDIENCE, claimsOf } from '../support/tokens.js'

/** Bytes of the heap for each remembered token, and for its claims alone. */
export interface Memory {
  /** For one that has come once. */
  readonly perSeen: number
  /** For one that has come again. */
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
  const tokens = Array.from({ length: count }, mint)
  // The first one brings in what is there once.
  const first = mint()
  for (let times = 0; times < 2; times += 1) await verifier.verify(first)
  const empty = usedBytes()
  for (const token of tokens) await verifier.verify(token)
  const perSeen = (usedBytes() - empty) / count
  for (const token of tokens) await verifier.verify(token)
  const perToken = (usedBytes() - empty) / count
  const before = usedBytes()
  const claims: unknown[] = []
  for (let index = 0; index < count; index += 1) claims.push(JSON.parse(JSON.stringify(claimsOf(ISSUER))))
  const perClaims = (usedBytes() - before) / claims.length
  // Used after all measurements: gone before, they would take what they hold out of the last.
  verifier.health()
  tokens.pop()
  return { perSeen, perToken, claims: perClaims }
})
