import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVerifier, oauth, type RefusalReason, type Verifier } from '../../src/index.js'
import { ADDRESSES, issuerInMemory, type IssuerInMemory } from './issuer-in-memory.js'
import { AUDIENCE } from './mutations.js'
import { runs } from './support.js'
import { NOW } from '../support/clock.js'
import { outcomeOf } from '../support/outcomes.js'

const ACTIVE_LIFETIME = 30
const INACTIVE_LIFETIME = 5
const TOLERANCE = 5
const MAX_ACTIVE = 3
const MAX_INACTIVE = 2

const TOKENS = ['t0', 't1', 't2', 't3', 't4', 't5']

type Step =
  | { readonly do: 'present'; readonly token: string; readonly confirmAfter?: number }
  | { readonly do: 'forget' | 'revoke' | 'reinstate'; readonly token: string }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'outage' | 'recovery' }

const token = fc.constantFrom(...TOKENS)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('present' as const), token }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('present' as const),
      token,
      confirmAfter: fc.constantFrom(0, 3, 10, 60),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('forget', 'revoke', 'reinstate'), token }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      seconds: fc.constantFrom(0.5, 1, 4, 5, 6, 24, 29.5, 30, 100),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('outage', 'recovery') }) },
)

interface ActiveResult {
  readonly introspectedAt: number
  uses: number
}

/** Naive model: two lists of cached results, the least recently used first, and every rule written out. */
class Model {
  now = NOW
  isDown = false
  calls = 0
  readonly revoked = new Set<string>()
  readonly active = new Map<string, ActiveResult>()
  readonly inactive = new Map<string, number>()

  /** Expiry per token, so that some expire within a history. */
  expiryOf(name: string): number {
    return NOW + 40 + TOKENS.indexOf(name) * 60
  }

  isActive(name: string): boolean {
    return !this.revoked.has(name) && this.now < this.expiryOf(name)
  }

  present(name: string, confirmAfter = Number.POSITIVE_INFINITY): 'accepted' | RefusalReason {
    const deniedAt = this.inactive.get(name)
    if (deniedAt !== undefined && this.now < deniedAt + INACTIVE_LIFETIME) {
      touch(this.inactive, name)
      return 'token_inactive'
    }
    this.inactive.delete(name)
    const cached = this.active.get(name)
    if (cached === undefined) return this.introspect(name) ?? this.evaluate(name)
    touch(this.active, name)
    cached.uses += 1
    if (this.now >= this.expiryOf(name) + TOLERANCE) return 'token_expired'
    const longest = this.now >= this.expiryOf(name) ? 0 : Math.min(ACTIVE_LIFETIME, confirmAfter)
    const age = this.now - cached.introspectedAt
    if (age >= longest) return this.introspect(name) ?? this.evaluate(name)
    const decision = this.evaluate(name)
    const isDue = age >= Math.min(longest * 0.9, longest - (2 * age) / cached.uses)
    if (cached.uses >= 3 && age >= longest * 0.6 && isDue) {
      // A refresh in the background: its result is used from the next request on.
      cached.uses = Number.NEGATIVE_INFINITY
      this.introspect(name)
    }
    return decision
  }

  /** Introspects and caches. Returns the reason unless the token is active. */
  private introspect(name: string): RefusalReason | undefined {
    this.calls += 1
    if (this.isDown) return 'issuer_unavailable'
    if (this.isActive(name)) {
      put(this.active, name, { introspectedAt: this.now, uses: 0 }, MAX_ACTIVE)
      return undefined
    }
    this.active.delete(name)
    put(this.inactive, name, this.now, MAX_INACTIVE)
    return 'token_inactive'
  }

  private evaluate(name: string): 'accepted' | RefusalReason {
    return this.now >= this.expiryOf(name) + TOLERANCE ? 'token_expired' : 'accepted'
  }
}

function touch<V>(map: Map<string, V>, key: string): void {
  const value = map.get(key) as V
  map.delete(key)
  map.set(key, value)
}

function put<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > most) map.delete(map.keys().next().value!)
}

function setUp(model: Model): { readonly verifier: Verifier; readonly issuer: IssuerInMemory } {
  const issuer = issuerInMemory({
    introspection: (name) =>
      model.isActive(name)
        ? { active: true, sub: 'billing', aud: AUDIENCE, exp: model.expiryOf(name) }
        : { active: false },
  })
  const verifier = createVerifier({
    issuers: [
      oauth({
        issuer: ADDRESSES.issuer,
        jwksUri: ADDRESSES.jwksUri,
        audience: AUDIENCE,
        introspection: { endpoint: ADDRESSES.endpoint, clientId: 'orders', clientSecret: 'secret' },
        fetch: issuer.fetch,
        // Without retries and a breaker, because every call is predicted here.
        remote: { retries: 0, breakerAfter: 1000 },
      }),
    ],
    clock: () => model.now * 1000,
    cache: { maxTokens: MAX_ACTIVE, maxRefused: MAX_INACTIVE },
  })
  return { verifier, issuer }
}

async function walk(history: readonly Step[]): Promise<number> {
  const model = new Model()
  const { verifier, issuer } = setUp(model)
  let accepted = 0
  for (const [index, current] of history.entries()) {
    const where = `step ${index} of ${JSON.stringify(history)}`
    switch (current.do) {
      case 'present': {
        const { confirmAfter } = current
        const expected = model.present(current.token, confirmAfter)
        const policy = confirmAfter === undefined ? undefined : { confirmAfter }
        expect(await outcomeOf(verifier.verify(current.token, policy)), where).toBe(expected)
        await issuer.settled()
        expect(issuer.calls.introspection, where).toBe(model.calls)
        if (expected === 'accepted') accepted += 1
        break
      }
      case 'forget':
        verifier.forget(current.token)
        model.active.delete(current.token)
        model.inactive.delete(current.token)
        break
      case 'revoke':
        model.revoked.add(current.token)
        break
      case 'reinstate':
        model.revoked.delete(current.token)
        break
      case 'pass':
        model.now += current.seconds
        break
      default:
        issuer.isDown = model.isDown = current.do === 'outage'
    }
  }
  return accepted
}

test('opaque tokens get the decisions and cause the calls of a naive model in any history', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (history) => {
      accepted += await walk(history)
    }),
    runs(300),
  )
  expect(accepted).toBeGreaterThan(500)
})

test('no token is accepted after its expiry, or after its revocation once the result has expired or was dropped', async () => {
  // The guarantee itself, without a model of the cache: only the time at which the token was last active.
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (history) => {
      const model = new Model()
      const { verifier, issuer } = setUp(model)
      const lastActive = new Map<string, number>()
      for (const current of history) {
        for (const name of TOKENS) if (model.isActive(name)) lastActive.set(name, model.now)
        if (current.do === 'pass') model.now += current.seconds
        else if (current.do === 'revoke') model.revoked.add(current.token)
        else if (current.do === 'forget') {
          verifier.forget(current.token)
          if (!model.isActive(current.token)) lastActive.delete(current.token)
        } else if (current.do === 'present') {
          if ((await outcomeOf(verifier.verify(current.token))) === 'accepted') {
            expect(model.now).toBeLessThan(model.expiryOf(current.token))
            expect(model.now - (lastActive.get(current.token) ?? -Infinity)).toBeLessThan(ACTIVE_LIFETIME)
          }
          await issuer.settled()
        }
      }
    }),
    runs(150),
  )
})
