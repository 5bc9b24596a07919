import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import { ADDRESSES, issuerInMemory } from './issuer-in-memory.js'
import { AUDIENCE, ISSUER } from './mutations.js'
import { runs } from './support.js'
import { NOW } from '../support/clock.js'
import { outcomeOf } from '../support/outcomes.js'

/** Documented defaults, in seconds. */
const LIFETIME = 600
const STALE = 3600
const UNKNOWN_KEY_PAUSE = 10
const LONGEST_PAUSE = 60
const TOLERANCE = 5

const KEYS = ['a', 'b', 'c'].map((kid) => createSigningKey(kid, 'ES256', {}))
const TOKENS = KEYS.flatMap((key) =>
  [500, 5000, 20_000].map((expiresIn) => {
    const exp = NOW + expiresIn
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'billing', iat: NOW, exp }
    return { kid: key.kid, exp, text: signJwt(key, { alg: 'ES256', kid: key.kid }, claims) }
  }),
)

type Step =
  | { readonly do: 'present' | 'forget'; readonly token: number }
  | { readonly do: 'publish' | 'withdraw'; readonly key: number }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'outage' | 'recovery' }

const token = fc.nat({ max: TOKENS.length - 1 })
const key = fc.nat({ max: KEYS.length - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('present' as const), token }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), token }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('publish', 'withdraw'), key }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      seconds: fc.constantFrom(0.5, 5, 10, 61, 300, 500, 600, 1800, 3600),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('outage', 'recovery') }) },
)

/** History of the issuer: when keys were published, served, and requested but absent. */
class World {
  now = NOW
  readonly publishedSince = new Map(KEYS.map(({ kid }) => [kid, NOW - 1000]))
  servedAt = Number.NEGATIVE_INFINITY
  served: ReadonlySet<string> = new Set()
  /** Time of the last failure. */
  wellSince = NOW - 1000
  readonly missed = new Set<string>()

  serve(): unknown {
    this.servedAt = this.now
    this.served = new Set(this.publishedSince.keys())
    return { keys: KEYS.filter(({ kid }) => this.served.has(kid)).map(({ jwk }) => jwk) }
  }

  /** Whether a valid token of this key must be accepted now, by the documented times. */
  mustPass(kid: string): boolean {
    const since = this.publishedSince.get(kid)
    if (since === undefined || this.now - this.wellSince <= LONGEST_PAUSE) return false
    // A key id that was requested before it existed may have to wait for the next scheduled refresh.
    return this.now - since > (this.missed.has(kid) ? LIFETIME : UNKNOWN_KEY_PAUSE)
  }
}

async function walk(history: readonly Step[], tally: { accepted: number; forced: number }): Promise<void> {
  const world = new World()
  const issuer = issuerInMemory({ keys: () => world.serve() })
  const verifier = createVerifier({
    issuers: [
      oauth({
        issuer: ADDRESSES.issuer,
        jwksUri: ADDRESSES.jwksUri,
        audience: AUDIENCE,
        fetch: issuer.fetch,
      }),
    ],
    clock: () => world.now * 1000,
  })
  const present = async ({ kid, exp, text }: (typeof TOKENS)[number], where: string): Promise<void> => {
    // A background refresh that this request starts takes effect from the next request on.
    const { served: servedBefore } = world
    const outcome = await outcomeOf(verifier.verify(text))
    if (!world.publishedSince.has(kid)) world.missed.add(kid)
    if (outcome === 'accepted') {
      tally.accepted += 1
      expect(world.now, where).toBeLessThan(exp + TOLERANCE)
      expect([...servedBefore, ...world.served], where).toContain(kid)
      expect(world.now - world.servedAt, where).toBeLessThan(STALE)
    } else if (world.mustPass(kid) && world.now < exp) {
      expect.unreachable(`${outcome} at ${where}`)
    } else if (!issuer.isDown && world.now - world.wellSince > LONGEST_PAUSE) {
      expect(['key_unknown', 'token_expired'], where).toContain(outcome)
    }
    if (world.mustPass(kid)) tally.forced += 1
    await issuer.settled()
  }
  for (const [index, current] of history.entries()) {
    const where = `step ${index} of ${JSON.stringify(history)}`
    if (issuer.isDown) world.wellSince = world.now
    switch (current.do) {
      case 'present':
        await present(TOKENS[current.token]!, where)
        break
      case 'forget':
        verifier.forget(TOKENS[current.token]!.text)
        break
      case 'publish': {
        const { kid } = KEYS[current.key]!
        if (!world.publishedSince.has(kid)) world.publishedSince.set(kid, world.now)
        break
      }
      case 'withdraw':
        world.publishedSince.delete(KEYS[current.key]!.kid)
        break
      case 'pass':
        world.now += current.seconds
        break
      default:
        issuer.isDown = current.do === 'outage'
    }
  }
}

test('a token is accepted only if its key was in the last key set and is not stale, in any history of the keys', async () => {
  const tally = { accepted: 0, forced: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (history) =>
      walk(history, tally),
    ),
    runs(300),
  )
  expect(tally.accepted).toBeGreaterThan(500)
  expect(tally.forced).toBeGreaterThan(300)
})
