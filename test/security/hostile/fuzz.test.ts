import { expect, it } from 'vitest'
import type { GuardedRequest } from '../../../src/index.js'
import { randomFrom } from '../../support/tokens/forge.js'
import { attackBed, MARK } from '../../support/tokens/attack.js'
import { reasonOf } from '../../support/outcomes.js'

const ROUNDS = 2000
const LETTERS = 'ABCxyz019-_.~+/= \t\r\n\0"\\{}[]:,%é€\u202e\ud800'
const JSON_PIECES = ['null', '1e309', '{}', '[]', '"none"', '-1', 'true', '"__proto__"', '{"a":[{}]}', '""']

type Random = (below: number) => number
type Change = (text: string, random: Random) => string

function pick<T>(random: Random, list: readonly T[] | string): T {
  return list[random(list.length)] as T
}

/** Changes of a string at random positions. */
const changes: readonly Change[] = [
  (text, random) => splice(text, random(text.length + 1), 1, ''),
  (text, random) => splice(text, random(text.length + 1), 0, pick<string>(random, LETTERS)),
  (text, random) => splice(text, random(text.length + 1), 1, pick<string>(random, LETTERS)),
  (text, random) => text.slice(0, random(text.length + 1)),
  (text, random) => text.slice(random(text.length + 1)),
  (text, random) => text + text.slice(random(text.length + 1)),
  (text, random) =>
    splice(text, random(text.length + 1), 0, pick<string>(random, LETTERS).repeat(random(9000))),
  (text) => text.split('.').reverse().join('.'),
  (text, random) => splice(text, random(text.length + 1), random(40), ''),
]

/** Changes of what the segments say, keeping the form of a token. */
const rewrites: readonly Change[] = [0, 1].flatMap((index): Change[] => [
  (token, random) => inSegment(token, index, (text) => pick<Change>(random, changes)(text, random)),
  (token, random) =>
    inSegment(token, index, (text) => {
      const names = [...text.matchAll(/"(\w+)":/g)].map(([, name = '']) => name)
      const name = pick<string>(random, [...names, '__proto__', 'crit', 'jwk', 'cnf', 'nonce'])
      return `${text.slice(0, -1)},${JSON.stringify(name)}:${pick<string>(random, JSON_PIECES)}}`
    }),
])

it(`whatever is sent, ${ROUNDS} times: one of the documented responses, without secrets`, async () => {
  const bed = await attackBed({ policy: { scopes: 'orders:read', maxTokenAge: '1h' } })
  await bed.verifier.ready()
  const random = randomFrom(20_261_121)
  const { clientSecret } = bed.issuer.client
  const claims = { sub: MARK, mark: MARK }
  const honest = bed.token(claims)
  const opaque = bed.issuer.mintOpaque({ scopes: 'orders:read', claims: { mark: MARK } })
  const facts = (await bed.verifier.verify(honest)).claims
  const seen = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round += 1) {
    const sent = forge(random, honest, opaque)
    // Checks reason, status, the event, and that no part of what was sent shows.
    const decision = await bed.decide(sent)
    const reason = reasonOf(decision)
    seen.set(reason, (seen.get(reason) ?? 0) + 1)
    if (decision.outcome === 'accepted') {
      // Only an unchanged token passes, however it was wrapped.
      const unchanged = decision.token.format === 'jwt' ? facts : undefined
      if (unchanged !== undefined) expect(decision.token.claims).toEqual(unchanged)
      expect([honest, opaque]).toContain(tokenIn(sent))
    } else {
      const { refusal } = decision
      const said = `${JSON.stringify(refusal)}${String(refusal.cause)}${refusal.stack}`
      expect(said).not.toContain(clientSecret)
    }
  }
  // The fuzz is worth something only if it reaches many checks.
  expect([...seen.keys()]).toEqual(
    expect.arrayContaining([
      'accepted',
      'token_missing',
      'token_malformed',
      'token_too_large',
      'token_undecodable',
      'issuer_unknown',
      'algorithm_not_allowed',
      'type_not_allowed',
      'critical_header',
      'key_unknown',
      'signature_invalid',
      'token_inactive',
    ]),
  )
  expect(seen.has('issuer_unavailable'), 'a fault of ours').toBe(false)
  expect(bed.issuer.calls.jwks).toBeLessThanOrEqual(2)
  expect(bed.issuer.calls.discovery).toBeLessThanOrEqual(1)
})

it('random claims that the issuer itself signed: never an internal error', async () => {
  const bed = await attackBed()
  const random = randomFrom(7)
  for (let round = 0; round < 300; round += 1) {
    let text = JSON.stringify(bed.claims)
    for (let count = random(3); count >= 0; count -= 1) {
      const name = pick<string>(random, [
        'exp',
        'iat',
        'nbf',
        'aud',
        'sub',
        'scope',
        'scp',
        'jti',
        'cnf',
        'client_id',
      ])
      text = `${text.slice(0, -1)},${JSON.stringify(name)}:${pick<string>(random, JSON_PIECES)}}`
    }
    const outcome = await bed.outcome(bed.raw(bed.header, text), { scopes: 'orders:read' })
    expect(['issuer_unavailable', 'keys_unavailable']).not.toContain(outcome)
  }
})

function forge(random: Random, honest: string, opaque: string): GuardedRequest {
  let token = random(4) === 0 ? opaque : honest
  const isOpaque = token === opaque
  for (let count = random(3); count > 0; count -= 1) {
    const pool = isOpaque || random(2) === 0 ? changes : rewrites
    token = pick<Change>(random, pool)(token, random)
  }
  let authorization = `${pick<string>(random, ['Bearer', 'Bearer', 'Bearer', 'bearer', 'Basic', 'DPoP', ''])} ${token}`
  if (random(10) === 0) authorization = pick<Change>(random, changes)(authorization, random)
  return { method: 'GET', url: '/orders', headers: { authorization } }
}

function tokenIn({ headers }: GuardedRequest): string {
  return (headers as { authorization: string }).authorization.replace(/^bearer +/i, '')
}

function splice(text: string, at: number, remove: number, insert: string): string {
  return text.slice(0, at) + insert + text.slice(at + remove)
}

function inSegment(token: string, index: number, change: (text: string) => string): string {
  const parts = token.split('.')
  const text = Buffer.from(parts[index] ?? '', 'base64url').toString()
  parts[index] = Buffer.from(change(text)).toString('base64url')
  return parts.join('.')
}
