import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { expect, it } from 'vitest'
import { oauth } from '../../../src/index.js'
import type { MintJwtOptions, SigningAlgorithm } from '../../../src/testing/index.js'
import { randomFrom } from '../../support/tokens/forge.js'
import { NOW, START } from '../../support/clock.js'
import { joseAccepts } from '../../support/tokens/jose-verdict.js'
import { reasonOf } from '../../support/outcomes.js'
import { bearer, testBed } from '../../support/test-bed.js'
import { SIGNING_ALGORITHMS } from '../../support/tokens/algorithms.js'

/** Reasons for which this package refuses tokens that jose, with issuer and audience, accepts. */
const STRICTER: ReadonlySet<string> = new Set([
  'token_undecodable', // a second spelling of the same bytes, a kid that is not a string
  'type_not_allowed', // other kinds of token
  'critical_header', // b64 and zip without crit
  'claim_missing', // exp, sub
  'claim_invalid', // times and names of other types
  'issued_in_future',
  'proof_missing', // bound to a key
  'token_malformed', // letters that are not RFC 6750's
  'issuer_unknown', // not exactly an issuer identifier
])

const HOUR = 3600
const values: readonly unknown[] = [
  undefined,
  null,
  '',
  'x',
  0,
  -1,
  1.5,
  NOW - HOUR,
  NOW + 1,
  NOW + HOUR,
  1e12,
  1e300,
  true,
  [],
  ['x'],
  {},
  [null],
]
const members: readonly string[] = [
  'typ',
  'kid',
  'cty',
  'crit',
  'b64',
  'zip',
  'jwk',
  'x5c',
  'alg',
  'enc',
  'x',
]
const claims: readonly string[] = [
  'iss',
  'aud',
  'sub',
  'exp',
  'nbf',
  'iat',
  'jti',
  'scope',
  'client_id',
  'cnf',
  'nonce',
  'x',
]

it('whatever our verification accepts, jose accepts; the rest is refused for reasons of ours that are listed', async () => {
  const random = randomFrom(7519)
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
  const kids = new Map<SigningAlgorithm, string>()
  const { issuer, verifier } = await testBed({
    issuers: (by) => {
      for (const algorithm of SIGNING_ALGORITHMS) kids.set(algorithm, by.addKey({ algorithm }))
      return [oauth(by.oauth({ introspection: undefined, jwks: by.jwks() }))]
    },
  })
  const theirs = createLocalJWKSet(issuer.jwks() as unknown as JSONWebKeySet)
  const options = {
    issuer: issuer.url,
    audience: issuer.audience,
    clockTolerance: 5,
    currentDate: new Date(START),
  }

  const tokens: string[] = []
  for (const algorithm of SIGNING_ALGORITHMS) {
    const mint = (options: MintJwtOptions = {}): string =>
      issuer.mintJwt({ algorithm, kid: kids.get(algorithm)!, ...options })
    tokens.push(mint(), mint({ scopes: 'a b', age: 60 }), mint({ expiresIn: -4 }), mint({ expiresIn: -5 }))
    for (let count = 0; count < 12; count += 1) {
      tokens.push(mint({ header: { [pick(members)]: pick(values) } }))
      tokens.push(mint({ claims: { [pick(claims)]: pick(values) } }))
      tokens.push(mutated(mint(), random))
    }
    // Header and signature of different algorithms.
    tokens.push(
      mint({ header: { alg: pick(SIGNING_ALGORITHMS) } }),
      mint({ header: { kid: pick([...kids.values()]) } }),
    )
  }
  expect(tokens.length).toBeGreaterThan(400)

  const tally = { both: 0, neither: 0, stricter: new Map<string, number>() }
  for (const token of tokens) {
    const ours = reasonOf(await verifier.authorize(bearer(token)))
    const isTheirs = await joseAccepts(token, theirs, options)
    if (ours === 'accepted') {
      expect(isTheirs, `we are laxer than jose with ${token}`).toBe(true)
      tally.both += 1
    } else if (isTheirs) {
      expect(STRICTER, `${ours} for ${token}`).toContain(ours)
      tally.stricter.set(ours, (tally.stricter.get(ours) ?? 0) + 1)
    } else {
      tally.neither += 1
    }
  }
  // A comparison in which one side always refuses would prove nothing.
  expect(tally.both).toBeGreaterThan(SIGNING_ALGORITHMS.length * 3)
  expect(tally.neither).toBeGreaterThan(100)
  expect(tally.stricter.size).toBeGreaterThan(3)
})

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/~'

/** One to three letters changed, put in or taken out. */
function mutated(token: string, random: (below: number) => number): string {
  let text = token
  for (let count = random(3); count >= 0; count -= 1) {
    const at = random(text.length)
    const letter = LETTERS[random(LETTERS.length)]!
    const removed = random(3) === 0 ? 0 : 1
    text = text.slice(0, at) + (random(3) === 0 ? '' : letter) + text.slice(at + removed)
  }
  // Often in the last letter, where spare bits are.
  return random(4) === 0 ? token.slice(0, -1) + LETTERS[random(64)]! : text
}
