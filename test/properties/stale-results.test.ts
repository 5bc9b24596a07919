import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVerifier, oauth, type Policy, type Verifier } from '../../src/index.js'
import { ADDRESSES, issuerInMemory } from './issuer-in-memory.js'
import { AUDIENCE, JWKS, KEYS } from './mutations.js'
import { signJwt } from '../../src/testing/state/signing-keys.js'
import { runs } from './support.js'
import { NOW } from '../support/clock.js'
import { outcomeOf } from '../support/outcomes.js'

const jwt = signJwt(
  KEYS.es,
  { alg: 'ES256', kid: 'es', typ: 'at+jwt' },
  { iss: ADDRESSES.issuer, sub: 'billing', aud: AUDIENCE, scope: 'a', iat: NOW - 600, exp: NOW + 90_000 },
)

const seconds = fc.constantFrom(0, 1, 10, 29, 30, 31, 60, 90, 600)
const freshness = { confirmAfter: seconds, staleIfError: seconds }
const requirements = {
  ...freshness,
  scopes: fc.constantFrom('a', 'b'),
  maxTokenAge: fc.constantFrom(30, 9000),
}
const policyOf = <T extends object>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }, least: number) =>
  fc
    .subarray(Object.keys(members) as (keyof T & string)[], { minLength: least, maxLength: 2 })
    .chain((chosen) =>
      fc.record(members).map((all) => Object.fromEntries(chosen.map((name) => [name, all[name]])) as Policy),
    )

/** A policy with `confirmAfter` or `staleIfError`, and any policy. */
const stated = policyOf(freshness, 1)
const further = policyOf(requirements, 0)
const age = fc.constantFrom(0, 5, 29, 30, 31, 45, 89, 91, 300)
const token = fc.constantFrom('opaque', jwt)

/** Whether a token that was confirmed at the start is accepted in an outage after a number of seconds. */
async function acceptedInOutage(token: string, after: number, own: Policy, route?: Policy): Promise<boolean> {
  let now = NOW
  const issuer = issuerInMemory({
    keys: () => JWKS,
    introspection: () => ({ active: true, sub: 'billing', aud: AUDIENCE, scope: 'a', iat: NOW - 600 }),
  })
  const verifier: Verifier = createVerifier({
    issuers: [
      oauth({
        issuer: ADDRESSES.issuer,
        audience: AUDIENCE,
        jwksUri: ADDRESSES.jwksUri,
        fetch: issuer.fetch,
        introspection: { clientId: 'x', clientSecret: 'y', endpoint: ADDRESSES.endpoint },
        remote: { retries: 0 },
      }),
    ],
    policy: own,
    clock: () => now * 1000,
  })
  await outcomeOf(verifier.verify(token, { confirmAfter: 0 }))
  issuer.isDown = true
  now += after
  return (await outcomeOf(verifier.verify(token, route))) === 'accepted'
}

test('in an outage, a further policy never accepts more than a policy with confirmAfter or staleIfError', async () => {
  const seen = { accepted: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(token, age, stated, further, async (name, after, first, second) => {
      const alone = await acceptedInOutage(name, after, first)
      seen[alone ? 'accepted' : 'refused'] += 1
      if (alone) return
      expect(await acceptedInOutage(name, after, first, second)).toBe(false)
      expect(await acceptedInOutage(name, after, second, first)).toBe(false)
    }),
    runs(250),
  )
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(50)
})

test('in an outage, a policy with confirmAfter and without staleIfError is like one with staleIfError 0', async () => {
  await fc.assert(
    fc.asyncProperty(token, age, seconds, further, async (name, after, confirmAfter, other) => {
      const expected = await acceptedInOutage(name, after, { confirmAfter, staleIfError: 0 }, other)
      expect(await acceptedInOutage(name, after, { confirmAfter }, other)).toBe(expected)
      expect(await acceptedInOutage(name, after, other, { confirmAfter })).toBe(expected)
    }),
    runs(100),
  )
})

test('in an outage, the order of verifier and route is irrelevant, and a shorter time never accepts more', async () => {
  await fc.assert(
    fc.asyncProperty(
      token,
      age,
      further,
      seconds,
      seconds,
      fc.constantFrom('confirmAfter', 'staleIfError'),
      async (name, after, other, a, b, member) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        const long = await acceptedInOutage(name, after, other, { [member]: more })
        expect(await acceptedInOutage(name, after, { [member]: more }, other)).toBe(long)
        if (!long) expect(await acceptedInOutage(name, after, other, { [member]: less })).toBe(false)
      },
    ),
    runs(120),
  )
})

const ABOUT_ONE = {
  400: () => new Response('', { status: 400 }),
  403: () => new Response('', { status: 403 }),
  404: () => new Response('', { status: 404 }),
  410: () => new Response('', { status: 410 }),
  422: () => new Response('', { status: 422 }),
  429: () => new Response('', { status: 429 }),
  500: () => new Response('', { status: 500 }),
  html: () => new Response('<p>', { headers: { 'content-type': 'text/html' } }),
} as const

/** Whether a confirmed token is accepted later, when the response about it changes and those about others do not. */
async function acceptedAgainst(
  token: string,
  after: number,
  own: Policy,
  respond?: () => unknown,
): Promise<boolean> {
  let now = NOW
  let isRevoked = false
  const active = { active: true, sub: 'billing', aud: AUDIENCE, scope: 'a', iat: NOW - 600 }
  const issuer = issuerInMemory({
    keys: () => JWKS,
    introspection: (presented) =>
      presented !== token ? { active: false } : isRevoked ? (respond?.() ?? { active: false }) : active,
  })
  const verifier: Verifier = createVerifier({
    issuers: [
      oauth({
        issuer: ADDRESSES.issuer,
        audience: AUDIENCE,
        jwksUri: ADDRESSES.jwksUri,
        fetch: issuer.fetch,
        introspection: { clientId: 'x', clientSecret: 'y', endpoint: ADDRESSES.endpoint },
        remote: { retries: 0 },
      }),
    ],
    policy: own,
    clock: () => now * 1000,
  })
  await outcomeOf(verifier.verify(token, { confirmAfter: 0 }))
  isRevoked = true
  now += after
  return (await outcomeOf(verifier.verify(token))) === 'accepted'
}

test('while the issuer responds about other tokens, no status about one token accepts it longer than inactive does', async () => {
  const seen = { accepted: 0, refused: 0 }
  const status = fc.constantFrom(...Object.values(ABOUT_ONE))
  await fc.assert(
    fc.asyncProperty(token, age, stated, status, async (name, after, policy, respond) => {
      const expected = await acceptedAgainst(name, after, policy)
      seen[expected ? 'accepted' : 'refused'] += 1
      expect(await acceptedAgainst(name, after, policy, respond)).toBe(expected)
    }),
    runs(250),
  )
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(50)
})
