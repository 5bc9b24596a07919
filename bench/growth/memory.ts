import { createVerifier, oauth } from '../../src/index.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import { answerMessages } from '../../test/support/processes/child.js'
import { usedBytes } from '../../test/support/processes/heap.js'
import { AUDIENCE, claimsOf, times } from '../support/tokens.js'

const ISSUER = 'https://issuer.test'
const key = createSigningKey('key', 'ES256', {})
const mint = (): string => signJwt(key, { alg: 'ES256', typ: 'at+jwt', kid: 'key' }, claimsOf(ISSUER))

export type Memory = Awaited<ReturnType<typeof measure>>

answerMessages(measure)

/** Returns the heap bytes for each cached token, and for its parsed claims alone. */
async function measure(count: number) {
  const verifier = createVerifier({
    issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } })],
    // No token is evicted, because the memory of all of them is divided by their number.
    cache: { maxTokens: count + 1, maxBytes: 2 ** 32 },
  })
  // The first token creates everything that exists once. Every token is used twice, because a cache may defer work.
  const tokens = times(count + 1, mint)
  const verifyTwice = async (token: string): Promise<void> => {
    for (let use = 0; use < 2; use += 1) await verifier.verify(token)
  }
  await verifyTwice(tokens[0] ?? '')
  const empty = usedBytes()
  for (const token of tokens.slice(1)) await verifyTwice(token)
  const perToken = (usedBytes() - empty) / count
  const before = usedBytes()
  const claims = times(count, (): unknown => JSON.parse(JSON.stringify(claimsOf(ISSUER))))
  const perClaims = (usedBytes() - before) / claims.length
  // Used after the last measurement, so that neither the verifier nor the tokens are collected before it.
  verifier.health()
  if (tokens.length !== count + 1) throw new Error('tokens are missing')
  return { perToken, claims: perClaims }
}
