import { sign } from 'node:crypto'
import fc from 'fast-check'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { AUDIENCE, ISSUER, JWKS, KEYS, rawClaims, signedTokens, textChange } from './mutations.js'
import { stricterReasons } from './stricter.js'
import { runs } from './support.js'
import { NOW } from '../support/clock.js'
import { outcomeOf } from '../support/outcomes.js'

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']

const verifier = createVerifier({
  issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: JWKS, algorithms: ALGORITHMS })],
  clock: () => NOW * 1000,
})
const keys = createLocalJWKSet(JWKS)

function joseAccepts(token: string): Promise<boolean> {
  return jwtVerify(token, keys, {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ALGORITHMS,
    clockTolerance: 5,
    currentDate: new Date(NOW * 1000),
  }).then(
    () => true,
    () => false,
  )
}

/** How often each kind of case came up: a comparison in which nothing is ever accepted shows nothing. */
interface Tally {
  accepted: number
  stricter: number
  refused: number
}

async function compare(token: string, tally: Tally): Promise<void> {
  const verdict = await outcomeOf(verifier.verify(token))
  // The second time it is remembered, and must be the same.
  expect(await outcomeOf(verifier.verify(token))).toBe(verdict)
  if (!(await joseAccepts(token))) {
    expect(verdict).not.toBe('accepted')
    tally.refused += 1
    return
  }
  const reasons = stricterReasons(token, NOW)
  if (reasons.size === 0) {
    expect(verdict).toBe('accepted')
    tally.accepted += 1
  } else {
    expect([...reasons]).toContain(verdict)
    tally.stricter += 1
  }
}

test('a token with changed header and claims is accepted only if jose accepts it and no stricter rule is against it', async () => {
  const tally = { accepted: 0, stricter: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(signedTokens, (token) => compare(token, tally)),
    runs(4000),
  )
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(300)
})

test('a token changed after it was signed is never accepted against jose, nor refused without a rule', async () => {
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
  // jose reads some texts as if nothing had been changed: there we are the stricter.
  expect(tally.stricter).toBeGreaterThan(30)
  expect(tally.refused).toBeGreaterThan(1000)
})

test('JSON that says things twice, hides bytes or nests too deep gets the verdict of its decoded members', async () => {
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
