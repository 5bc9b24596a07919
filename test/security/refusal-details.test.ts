import { expect, it } from 'vitest'
import { Refusal, type Policy } from '../../src/index.js'
import type { MintJwtOptions, TestIssuer } from '../../src/testing/index.js'
import { testBed, type TestBed } from '../support/test-bed.js'

/** Longer than what a detail may hold, and short enough for a token. */
const LONG = 'x'.repeat(4000)
const VERY_LONG = 'x'.repeat(100_000)

/** Everything that a refusal, an event or `health()` keeps. */
async function detailsOf({ verifier, events, issuerEvents }: TestBed, token: string, policy?: Policy) {
  const refusal: unknown = await verifier.verify(token, policy).catch((error: unknown) => error)
  if (!(refusal instanceof Refusal)) throw new Error('the token was accepted')
  const { reason, message, description, headers, stack, cause } = refusal
  const text = cause instanceof Error ? cause.message : JSON.stringify(cause)
  return {
    reason,
    message,
    description,
    headers,
    stack,
    text,
    events,
    issuerEvents,
    health: verifier.health(),
  }
}

const SHORT = 2500

it.each<[string, MintJwtOptions, Policy?]>([
  ['an algorithm', { header: { alg: LONG } }],
  ['a type', { header: { typ: LONG } }],
  ['a key id', { header: { kid: LONG } }],
  ['a critical header', { header: { crit: [LONG], [LONG.slice(3000)]: 1 } }],
  ['an issuer', { claims: { iss: `https://${LONG}.test` } }],
  ['an audience', { claims: { aud: LONG } }],
  ['an expiry', { claims: { exp: LONG } }],
  ['a time of issue', { claims: { iat: LONG } }],
  ['a scope', { claims: { scope: LONG } }, { scopes: 'a' }],
  ['a client', { claims: { client_id: LONG, azp: `${LONG.slice(1)}y` } }, { clients: ['a'] }],
])('no refusal and no issuer event grows with %s that a sender chooses', async (_, mint, policy) => {
  const bed = await testBed()
  const details = await detailsOf(bed, bed.jwt(mint), policy)
  // The event names the token's client and subject, which are those of the token.
  expect(JSON.stringify({ ...details, events: [] }).length).toBeLessThan(SHORT)
})

it.each<[string, (issuer: TestIssuer) => void, 'jwt' | 'opaque']>([
  ['a key set', (by) => by.fail('jwks', { body: { keys: VERY_LONG } }), 'jwt'],
  ['a page', (by) => by.fail('jwks', { body: VERY_LONG }), 'jwt'],
  ['an issuer in its metadata', (by) => by.fail('discovery', { body: { issuer: VERY_LONG } }), 'jwt'],
  [
    'an address in its metadata',
    (by) => by.fail('discovery', { body: { issuer: by.url, jwks_uri: `${by.url}/${VERY_LONG}` } }),
    'jwt',
  ],
  [
    'an address of usable length in its metadata',
    (by) =>
      by.fail('discovery', { body: { issuer: by.url, jwks_uri: `${by.url}/${VERY_LONG.slice(98_000)}` } }),
    'jwt',
  ],
  [
    'a response',
    (by) => by.fail('introspection', { body: { error: LONG, error_description: LONG } }),
    'opaque',
  ],
  [
    'a kind of token',
    (by) => by.fail('introspection', { body: { active: true, token_type: LONG } }),
    'opaque',
  ],
  ['a header', (by) => by.fail('introspection', { body: '', headers: { 'retry-after': LONG } }), 'opaque'],
])('no refusal and no issuer event grows with %s that an issuer chooses', async (_, fail, format) => {
  const bed = await testBed()
  fail(bed.issuer)
  const details = await detailsOf(bed, bed[format]())
  expect(JSON.stringify(details).length).toBeLessThan(SHORT)
})
