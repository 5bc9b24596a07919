import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { anyOf, createVerifier, oauth, Refusal, type Policy, type Verifier } from '../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.js'
import { runs } from './support.js'
import { NOW } from '../support/clock.js'
import { outcomeOf } from '../support/outcomes.js'

const clock = (): number => NOW * 1000

let issuer: TestIssuer
let verifier: Verifier
let jwtVerifier: Verifier
let tokens: readonly string[]
beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
  verifier = createVerifier({ issuers: [oauth(issuer.oauth())], clock })
  jwtVerifier = guardOf('a.jwt')
  const scopes = ['', 'a', 'b', 'a b', 'a b c']
  const ages = [0, 30, 600, 4000]
  const clients = ['billing', 'orders']
  tokens = scopes.flatMap((granted) =>
    ages.flatMap((age) =>
      clients.flatMap((clientId) => [
        issuer.mintJwt({ algorithm: 'ES256', scopes: granted, age, clientId }),
        issuer.mintOpaque({ scopes: granted, age, clientId, expiresIn: age === 600 ? null : '1h' }),
      ]),
    ),
  )
  // Every token is accepted without a policy, so that only the policies decide.
  for (const token of tokens) await verifier.verify(token)
})
afterAll(() => issuer.close())

const duration = fc.constantFrom<number | string>(0, 1, '30s', 31, '10m', 601, '1h', '2h', '30d')
const requirements = {
  scopes: fc.constantFrom<NonNullable<Policy['scopes']>>('a', 'a b', ['b', 'c'], anyOf('a', 'c'), 'd'),
  maxTokenAge: duration,
  maxTokenLifetime: duration,
  confirmAfter: duration,
  issuers: fc.constantFrom('https://elsewhere.example', 'ours'),
  clients: fc.constantFrom<readonly string[]>(['billing'], ['orders', 'stock'], ['another']),
  subjects: fc.constantFrom<readonly string[]>(['billing'], ['service-7', 'orders'], ['another']),
  claims: fc.constantFrom<NonNullable<Policy['claims']>>(
    { client_id: ['billing', 'stock'] },
    { client_id: 'orders', scope: ['a b', 'a'] },
    { tenant: 'acme' },
  ),
  check: fc.constantFrom<NonNullable<Policy['check']>>(
    () => true,
    () => false,
    () => 'not on Saturdays',
    () => new Refusal('token_revoked'),
    (token) => token.scopes.length > 1,
    () => {
      throw new Error('broken rule')
    },
  ),
}
const names = Object.keys(requirements) as (keyof typeof requirements)[]
/** At most two requirements: with more, hardly any token is accepted and nothing is compared. */
const policy = fc
  .subarray(names, { maxLength: 2 })
  .chain((chosen) => fc.tuple(fc.constant(chosen), fc.record(requirements)))
  .map(([chosen, all]): (() => Policy) => () => {
    // The URL of the issuer is known only once it runs.
    const issuers = all.issuers === 'ours' ? issuer.url : all.issuers
    const given = Object.entries({ ...all, issuers })
    return Object.fromEntries(given.filter(([name]) => chosen.includes(name as keyof typeof requirements)))
  })
const tokenIndex = fc.nat({ max: 79 })

/** JWTs are verified without introspection, so that `confirmAfter` decides by their age alone. */
function guardOf(token: string, own?: Policy): Verifier {
  const extra = token.includes('.') ? { introspection: undefined } : {}
  return createVerifier({ issuers: [oauth(issuer.oauth(extra))], clock, ...(own && { policy: own }) })
}

async function accepts(token: string, ...layers: readonly Policy[]): Promise<boolean> {
  const [own, route] = layers
  const guard = route !== undefined ? guardOf(token, own) : token.includes('.') ? jwtVerifier : verifier
  return (await outcomeOf(guard.verify(token, route ?? own))) === 'accepted'
}

test('there is a token for every index', () => {
  expect(tokens).toHaveLength(80)
})

test('a further requirement in a policy never turns a refusal into an acceptance', async () => {
  let refused = 0
  await fc.assert(
    fc.asyncProperty(tokenIndex, policy, policy, async (index, makeFirst, makeSecond) => {
      const token = tokens[index]!
      const first = makeFirst()
      const both = { ...makeSecond(), ...first }
      if (await accepts(token, first)) return
      refused += 1
      expect(await accepts(token, both)).toBe(false)
    }),
    runs(1000),
  )
  expect(refused).toBeGreaterThan(100)
})

test('a policy of the verifier and one of the route accept exactly the tokens that each of them accepts', async () => {
  const seen = { accepted: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(tokenIndex, policy, policy, async (index, makeFirst, makeSecond) => {
      const token = tokens[index]!
      const [first, second] = [makeFirst(), makeSecond()]
      const together = await accepts(token, first, second)
      expect(together).toBe((await accepts(token, first)) && (await accepts(token, second)))
      expect(await accepts(token, second, first)).toBe(together)
      seen[together ? 'accepted' : 'refused'] += 1
    }),
    runs(300),
  )
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(20)
})

test('two policies with different values of one requirement both apply, and neither replaces the other', async () => {
  const seen = { accepted: 0, refused: 0 }
  const pair = fc
    .constantFrom<'scopes' | 'maxTokenAge' | 'maxTokenLifetime' | 'confirmAfter' | 'clients'>(
      'scopes',
      'maxTokenAge',
      'maxTokenLifetime',
      'confirmAfter',
      'clients',
    )
    .chain((name) =>
      fc
        .tuple<[unknown, unknown]>(requirements[name], requirements[name])
        .map(([a, b]): readonly Policy[] => [{ [name]: a }, { [name]: b }]),
    )
  await fc.assert(
    fc.asyncProperty(tokenIndex, pair, async (index, layers) => {
      const token = tokens[index]!
      const [first, second] = [layers[0]!, layers[1]!]
      const together = await accepts(token, first, second)
      expect(together).toBe((await accepts(token, first)) && (await accepts(token, second)))
      seen[together ? 'accepted' : 'refused'] += 1
    }),
    runs(400),
  )
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(50)
})

test('a shorter time in a policy never accepts more than a longer one', async () => {
  const member = fc.constantFrom('maxTokenAge', 'maxTokenLifetime', 'confirmAfter')
  await fc.assert(
    fc.asyncProperty(
      tokenIndex,
      member,
      fc.nat({ max: 5000 }),
      fc.nat({ max: 5000 }),
      async (index, name, a, b) => {
        const token = tokens[index]!
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        if (await accepts(token, { [name]: more })) return
        expect(await accepts(token, { [name]: less })).toBe(false)
      },
    ),
    runs(600),
  )
})

test('a further scope in a token never turns an acceptance of scopes into a refusal', async () => {
  const word = fc.constantFrom('a', 'b', 'c', 'a:*', 'a:read', 'b:read', '*', '*:read')
  const wild = createVerifier({ issuers: [oauth(issuer.oauth({ scopeMatching: 'wildcard' }))], clock })
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { maxLength: 3 }),
      word,
      fc.array(word, { minLength: 1, maxLength: 2 }),
      fc.boolean(),
      async (granted, further, required, isAny) => {
        const scopes = isAny ? anyOf(...required) : required
        const mint = (given: readonly string[]): string =>
          issuer.mintJwt({ algorithm: 'ES256', scopes: given })
        for (const guard of [verifier, wild]) {
          if ((await outcomeOf(guard.verify(mint(granted), { scopes }))) !== 'accepted') continue
          accepted += 1
          expect(await outcomeOf(guard.verify(mint([...granted, further]), { scopes }))).toBe('accepted')
        }
      },
    ),
    runs(400),
  )
  expect(accepted).toBeGreaterThan(50)
})
