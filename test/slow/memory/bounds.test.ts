import { afterEach, beforeEach, expect, test } from 'vitest'
import { createVerifier, oauth, Refusal, type Verifier, type VerifierOptions } from '../../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../../src/testing/index.js'
import type { CachedToken } from '../../../src/verifier/cached-token.js'
import { createTokenCache, type RefusedToken } from '../../../src/verifier/token-cache.js'

let issuer: TestIssuer
let now: number
beforeEach(async () => {
  now = Date.now()
  issuer = await createTestIssuer({ clock: () => now })
})
afterEach(() => issuer.close())

function verifierOf(
  options: Partial<VerifierOptions> = {},
  extra?: Parameters<TestIssuer['oauth']>[0],
): Verifier {
  return createVerifier({ issuers: [oauth(issuer.oauth(extra))], clock: () => now, ...options })
}

const reasonOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof Refusal ? error.reason : String(error)),
  )

function countBy(values: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

test('the cache keeps no more entries of either kind than it may, and one kind never costs the other', () => {
  const cache = createTokenCache({ maxTokens: 50, maxRefused: 20, maxBytes: 1_000_000 })
  const names = (kind: string): readonly string[] =>
    Array.from({ length: 5000 }, (_, index) => `${kind}${index}`)
  const entry = { weight: 1000 } as unknown as CachedToken
  for (const name of names('good')) cache.accept(name, entry)
  for (const name of names('bad')) cache.refuse(name, { until: 10, detail: '' } as RefusedToken)
  expect(names('good').filter((name) => cache.accepted(name) !== undefined)).toEqual(names('good').slice(-50))
  expect(names('bad').filter((name) => cache.refused(name, 0) !== undefined)).toEqual(names('bad').slice(-20))
  cache.clear()
  expect(names('good').some((name) => cache.accepted(name) !== undefined)).toBe(false)
})

test('at most 64 introspections wait for an issuer; the rest is rejected immediately, and retries succeed', async () => {
  const verifier = verifierOf()
  await verifier.ready()
  const tokens = Array.from({ length: 300 }, () => issuer.mintOpaque())
  const gate = issuer.gate('introspection')
  const asked = tokens.map((token) => reasonOf(verifier.verify(token)))
  await gate.waiting
  gate.release()
  expect(countBy(await Promise.all(asked))).toEqual({ accepted: 64, issuer_overloaded: 236 })
  expect(issuer.calls.introspection).toBe(64)
  for (const token of tokens) expect(await reasonOf(verifier.verify(token))).toBe('accepted')
})

test('a thousand requests with one token share one introspection', async () => {
  const verifier = verifierOf()
  await verifier.ready()
  const token = issuer.mintOpaque()
  const gate = issuer.gate('introspection')
  const asked = Array.from({ length: 1000 }, () => reasonOf(verifier.verify(token)))
  await gate.waiting
  gate.release()
  expect(countBy(await Promise.all(asked))).toEqual({ accepted: 1000 })
  expect(issuer.calls.introspection).toBe(1)
})

test('ten thousand requests on a cold start wait for one fetch of the keys', async () => {
  const verifier = verifierOf()
  const token = issuer.mintJwt()
  const gate = issuer.gate('jwks')
  const asked = Array.from({ length: 10_000 }, () => reasonOf(verifier.verify(token)))
  await gate.waiting
  gate.release()
  expect(countBy(await Promise.all(asked))).toEqual({ accepted: 10_000 })
  expect(issuer.calls).toMatchObject({ discovery: 1, jwks: 1 })
})

test('of a key set of thousands no more than 100 keys are kept', async () => {
  const { keys } = issuer.jwks()
  const many = Array.from({ length: 1200 }, (_, index) => ({ ...keys[0], kid: `k${index}` }))
  issuer.fail('jwks', { body: { keys: many } })
  const verifier = verifierOf({}, { keys: { maxBytes: 1024 * 1024 } })
  await verifier.ready()
  expect(verifier.health().issuers[0]?.keys?.count).toBe(100)
})

test('a response that is too large is not cached', async () => {
  const claims = { active: true, sub: 'billing', aud: issuer.audience, padding: 'x'.repeat(70_000) }
  issuer.fail('introspection', { body: claims })
  const verifier = verifierOf()
  const token = issuer.mintOpaque()
  expect(await reasonOf(verifier.verify(token))).toBe('issuer_unavailable')
  issuer.heal()
  expect(await reasonOf(verifier.verify(token))).toBe('accepted')
})

test('close() drops every cached token', async () => {
  const verifier = verifierOf()
  const token = issuer.mintOpaque()
  await verifier.verify(token)
  verifier.close()
  issuer.resetCalls()
  await verifier.verify(token)
  expect(issuer.calls.introspection).toBe(1)
})
