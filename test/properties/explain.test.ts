import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  anyOf,
  createVerifier,
  oauth,
  Refusal,
  type Decision,
  type Explanation,
  type Policy,
  type Verifier,
} from '../../src/index.js'
import { CHECKS } from '../../src/verifier/explanation/passed-checks.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import { NOW } from '../support/clock.js'
import { expireDeadlines } from '../support/setup/deadlines.js'
import { outcomeOf } from '../support/outcomes.js'
import { nextTurn } from '../support/until.js'
import { ADDRESSES, issuerInMemory } from './issuer-in-memory.js'
import { AUDIENCE, ISSUER, JWKS, signedTokens, textChange } from './mutations.js'
import { runs } from './support.js'

// The jitter of a backoff must be the same for both verifiers.
vi.spyOn(Math, 'random').mockReturnValue(0.5)

const KEYS = ['a', 'b'].map((kid) => createSigningKey(kid, 'ES256', {}))
const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'billing', client_id: 'billing', iat: NOW }
const TOKENS = [
  ...KEYS.flatMap((key) =>
    [
      { scope: 'a b' },
      { scope: 'a', exp: NOW + 700 },
      { client_id: 'orders' },
      { aud: 'x' },
      { cnf: {} },
    ].map((claims) =>
      signJwt(key, { alg: 'ES256', kid: key.kid }, { ...CLAIMS, exp: NOW + 7000, ...claims }),
    ),
  ),
  ...['active', 'inactive', 'other', 'expired', 'broken'].map((name) => `opaque-token-which-is-${name}`),
  'not a token',
  '',
]

function introspect(token: string): unknown {
  if (token.includes('.')) return token.length % 3 === 0 ? { active: false } : { active: true, scope: 'a b' }
  if (token.endsWith('inactive')) return { active: false }
  if (token.endsWith('broken')) return { active: 'perhaps' }
  const exp = token.endsWith('expired') ? NOW - 60 : NOW + 7000
  return { active: true, ...CLAIMS, ...(token.endsWith('other') ? { aud: 'x' } : {}), scope: 'a b', exp }
}

const requirement: fc.Arbitrary<Policy> = fc.oneof(
  fc.constantFrom<Policy>(
    {},
    { scopes: 'a' },
    { scopes: anyOf('c', 'd') },
    { clients: 'billing' },
    { subjects: 'someone' },
    { issuers: 'https://elsewhere.example' },
    { claims: { client_id: 'orders' } },
    { check: () => false },
    { check: () => new Refusal('token_expired') },
    { check: () => Promise.reject(new Error('broken rule')) },
  ),
  fc
    .tuple(
      fc.constantFrom('maxTokenAge', 'maxTokenLifetime', 'confirmAfter', 'staleIfError'),
      fc.constantFrom(0, 30, 600, 3600),
    )
    .map(([name, seconds]) => ({ [name]: seconds })),
)
const policy = fc.option(
  fc.tuple(requirement, requirement).map(([first, second]): Policy => ({ ...first, ...second })),
  { nil: undefined },
)

type State = 'up' | 'down' | 'slow'
type Step =
  | { readonly present: string; readonly policy: Policy | undefined }
  | { readonly pass: number }
  | { readonly state: State }
  | { readonly publish: readonly number[] }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ present: fc.constantFrom(...TOKENS), policy }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.constantFrom(0.5, 5, 11, 61, 601, 3700) }) },
  { weight: 2, arbitrary: fc.record({ state: fc.constantFrom<State>('up', 'down', 'slow') }) },
  { weight: 1, arbitrary: fc.record({ publish: fc.constantFrom([0, 1], [0], [1], []) }) },
)

/** A verifier with an issuer of its own, whose state the test sets. */
class World {
  now = NOW
  state: State = 'up'
  published: readonly number[] = [0, 1]
  readonly #issuer = issuerInMemory({
    keys: () => ({ keys: this.published.map((index) => KEYS[index]!.jwk) }),
    introspection: introspect,
  })
  readonly verifier: Verifier
  readonly events: unknown[] = []

  constructor(base: Policy | undefined) {
    const { issuer, jwksUri, endpoint } = ADDRESSES
    this.verifier = createVerifier({
      issuers: [
        oauth({
          issuer,
          jwksUri,
          audience: AUDIENCE,
          introspection: { endpoint, clientId: 'us', clientSecret: 'secret' },
          fetch: (input, init) =>
            this.state === 'slow' ? untilAborted(init?.signal) : this.#issuer.fetch(input, init),
        }),
      ],
      clock: () => this.now * 1000,
      onDecision: (event) => this.events.push(event),
      ...(base && { policy: base }),
    })
  }

  apply(change: Exclude<Step, { readonly present: string }>): void {
    if ('pass' in change) this.now += change.pass
    else if ('state' in change) {
      this.state = change.state
      this.#issuer.isDown = change.state === 'down'
    } else this.published = change.publish
  }

  /** Waits for a result. Deadlines pass while the issuer does not respond. */
  async settle<T>(work: Promise<T>): Promise<T> {
    let isSettled = false
    const done = (): void => {
      isSettled = true
    }
    work.then(done, done)
    for (let turn = 0; !isSettled; turn += 1) {
      await nextTurn()
      if (this.state === 'slow' && turn % 4 === 3) expireDeadlines()
    }
    await this.#issuer.settled()
    return work
  }
}

function untilAborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => {
      reject(new Error('aborted'))
    })
  })
}

const reasonOf = (result: Decision | Explanation): string =>
  'refusal' in result && result.refusal !== undefined ? result.refusal.reason : 'accepted'

function expectExplained(explanation: Explanation, decision: Decision, token: string): void {
  expect([explanation.outcome, reasonOf(explanation)]).toEqual([decision.outcome, reasonOf(decision)])
  const { steps } = explanation
  expect(steps.map(({ check }) => check)).toEqual(CHECKS)
  const failed = steps.findIndex(({ result }) => result === 'failed')
  expect(failed !== -1).toBe(decision.outcome !== 'accepted')
  if (failed !== -1) {
    const behind = steps.slice(failed + 1)
    expect(behind.every(({ result, detail }) => result === 'skipped' && detail === 'not reached')).toBe(true)
    if (decision.outcome !== 'accepted') expect(explanation.refusal?.detail).toBe(decision.refusal.detail)
  }
  for (const { detail } of steps) expect(detail).toMatch(/^[\x20-\x7e…]+$/)
  const json = JSON.stringify(explanation)
  if (token.length >= 20) {
    expect(json).not.toContain(token)
    for (const part of token.split('.')) if (part.length >= 20) expect(json).not.toContain(part)
  }
}

test('an explanation has the outcome, reason and detail of authorize in every state of the issuer', async () => {
  const outcomes = new Set<string>()
  await fc.assert(
    fc.asyncProperty(policy, fc.array(step, { minLength: 4, maxLength: 25 }), async (base, history) => {
      const [asked, requested] = [new World(base), new World(base)]
      for (const next of history) {
        if (!('present' in next)) {
          asked.apply(next)
          requested.apply(next)
          continue
        }
        const request = { headers: { authorization: `Bearer ${next.present}` } }
        const explanation = await asked.settle(asked.verifier.explain(request, next.policy))
        const decision = await requested.settle(requested.verifier.authorize(request, next.policy))
        expectExplained(explanation, decision, next.present)
        outcomes.add(reasonOf(decision))
      }
      expect(asked.events).toEqual([])
      asked.verifier.close()
      requested.verifier.close()
    }),
    runs(600),
  )
  expect(outcomes.size).toBeGreaterThan(15)
})

test('an explanation of a forged, changed or strange token has the outcome and reason of authorize', async () => {
  const verifier = createVerifier({
    issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: JWKS })],
    clock: () => NOW * 1000,
  })
  const outcomes = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      signedTokens,
      fc.array(textChange, { maxLength: 1 }),
      policy,
      async (signed, changes, route) => {
        const token = changes.reduce((text, change) => change(text), signed)
        const request = { headers: { authorization: `Bearer ${token}` } }
        // Before and after the token is cached.
        for (let round = 0; round < 2; round += 1) {
          const explanation = await verifier.explain(request, route)
          const decision = await verifier.authorize(request, route)
          expectExplained(explanation, decision, token)
          const alone = await verifier.explain(token, route)
          expect(reasonOf(alone)).toBe(await outcomeOf(verifier.verify(token, route)))
          outcomes.add(reasonOf(decision))
        }
      },
    ),
    runs(1500),
  )
  expect(outcomes.size).toBeGreaterThan(12)
})
