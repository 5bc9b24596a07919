import { sign } from 'node:crypto'
import fc from 'fast-check'
import { createLocalJWKSet } from 'jose'
import { expect, test } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { AUDIENCE, ISSUER, JWKS, KEYS, rawClaims, signedTokens, textChange } from './mutations.js'
import { stricterReasons } from './stricter.js'
import { runs } from './support.js'
import { NOW } from '../support/clock.js'
import { joseAccepts } from '../support/tokens/jose-verdict.js'
import { outcomeOf } from '../support/outcomes.js'

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']

const verifier = createVerifier({
  issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: JWKS, algorithms: ALGORITHMS })],
  clock: () => NOW * 1000,
})
const keys = createLocalJWKSet(JWKS)

const JOSE_OPTIONS = {
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: ALGORITHMS,
  clockTolerance: 5,
  currentDate: new Date(NOW * 1000),
}

/** Number of cases of each kind. A comparison without accepted tokens would prove nothing. */
interface Tally {
  accepted: number
  stricter: number
  refused: number
}

async function compare(token: string, tally: Tally): Promise<void> {
  const outcome = await outcomeOf(verifier.verify(token))
  // The second decision uses the cache and must be the same.
  expect(await outcomeOf(verifier.verify(token))).toBe(outcome)
  if (!(await joseAccepts(token, keys, JOSE_OPTIONS))) {
    expect(outcome).not.toBe('accepted')
    tally.refused += 1
    return
  }
  const reasons = stricterReasons(token, NOW)
  if (reasons.size === 0) {
    expect(outcome).toBe('accepted')
    tally.accepted += 1
  } else {
    expect([...reasons]).toContain(outcome)
    tally.stricter += 1
  }
}

test('a token with changed header and claims is accepted only if jose accepts it and no stricter rule refuses it', async () => {
  const tally = { accepted: 0, stricter: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(signedTokens, (token) => compare(token, tally)),
    runs(4000),
  )
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(300)
})

test('a token changed after signing is never accepted if jose refuses it, nor refused without a stricter rule', async () => {
  const tally = { accepted: 0, stricter: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(signedTokens, fc.array(textChange, { minLength: 1, maxLength: 2 }), (token, changes) =>
      compare(
        changes.reduce((text, change) => change(text), token),
        tally,
      ),
    ),
    runs(3000),
  )
  // jose accepts some changed tokens, which a stricter rule must refuse.
  expect(tally.stricter).toBeGreaterThan(30)
  expect(tally.refused).toBeGreaterThan(1000)
})

test('JSON with duplicate members, a byte order mark or deep nesting is decided by its decoded members', async () => {
  const tally = { accepted: 0, stricter: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(rawClaims, rawClaims, fc.boolean(), (claims, header, isHeaderRaw) => {
      const headerBytes = isHeaderRaw ? header : Buffer.from('{"alg":"RS256","kid":"rs"}')
      const input = `${headerBytes.toString('base64url')}.${claims.toString('base64url')}`
      const signature = sign('sha256', Buffer.from(input), KEYS.rs.privateKey).toString('base64url')
      return compare(`${input}.${signature}`, tally)
    }),
    runs(200),
  )
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(10)
})
