import { describe, expect, it } from 'vitest'
import { clerk, oauth } from '../../../../src/index.js'
import { says } from '../../../support/servers/misbehaviours.js'
import { encode } from '../../../support/tokens/forge.js'
import {
  attackBed,
  type AttackBedOptions,
  AUDIENCE,
  sharedAttackBed,
} from '../../../support/tokens/attack.js'
import { START } from '../../../support/clock.js'

/** Takes every opaque token, beside its JWTs. */
const anyOpaque: AttackBedOptions = { testIssuer: { opaquePrefix: '' } }

describe('opaque tokens: at most one call, and only for possible tokens of the issuer', () => {
  const held = sharedAttackBed(anyOpaque)
  it.each<[string, string, string, number]>([
    ['B23: one byte', 'x', 'token_inactive', 1],
    ['B23: 4,096 bytes', 'y'.repeat(4096), 'token_inactive', 1],
    ['B23: 8,192 bytes', 'z'.repeat(8192), 'token_inactive', 1],
    ['B23: 8,193 bytes', 'z'.repeat(8193), 'token_too_large', 0],
    ['B23: 1 MB', 'z'.repeat(1_000_000), 'token_too_large', 0],
    ['B24: letters outside the alphabet', 'tökén', 'token_malformed', 0],
    ['B24: a line break', 'token\nAuthorization: x', 'token_malformed', 0],
    ['B25: two parts', 'one.two', 'token_inactive', 1],
    [
      'B25: a JWT without signature is a JWT',
      `${encode({ alg: 'none' })}.${encode({})}.`,
      'issuer_unknown',
      0,
    ],
    ['B25: three parts of which none is JSON', 'one.two.three', 'token_undecodable', 0],
    ['B26: a JWE', `${encode({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`, 'token_undecodable', 0],
    ['I142: __proto__', '__proto__', 'token_inactive', 1],
    ['I142: constructor', 'constructor', 'token_inactive', 1],
    ['I142: toString', 'toString', 'token_inactive', 1],
  ])('%s', async (_, token, expected, calls) => {
    const { bed } = held
    const before = bed.issuer.calls.introspection
    expect(await bed.outcome(token)).toBe(expected)
    expect(await bed.outcome(token)).toBe(expected)
    expect(bed.issuer.calls.introspection - before).toBe(calls)
  })

  it('B25: a JWT that fails its own check is not taken to the issuer as an opaque token', async () => {
    const { bed } = held
    const before = bed.issuer.calls.introspection
    const forged = bed.token().replace(/\.[^.]*$/, `.${'A'.repeat(86)}`)
    expect(await bed.outcome(forged)).toBe('signature_invalid')
    expect(await bed.outcome(bed.token({}, { alg: 'HS256' }))).toBe('algorithm_not_allowed')
    expect(await bed.outcome(bed.token({ iss: 'https://evil.test' }))).toBe('issuer_unknown')
    expect(bed.issuer.calls.introspection).toBe(before)
  })
})

describe('B25: a guard for JWTs only never introspects an opaque token', () => {
  const held = sharedAttackBed({ oauth: { introspection: undefined } })
  it.each(['ref_something', 'x', 'mt_abc', 'a.b', 'a.b.c.d'])('%s', async (token) => {
    expect(['issuer_unknown', 'token_undecodable']).toContain(await held.bed.outcome(token))
    expect(held.bed.issuer.calls.total).toBe(0)
  })
})

describe('B25: a guard of opaque tokens alone', () => {
  const held = sharedAttackBed({ issuers: (by) => [clerk(by.clerk({ jwtAccess: false }))] })

  it('refuses JWTs of the issuer without a call', async () => {
    const { bed } = held
    expect(await bed.outcome(bed.issuer.mintJwt({ provider: 'clerk' }))).toBe('issuer_unknown')
    expect(bed.issuer.calls.total).toBe(0)
  })

  it('takes a token with its prefix to be opaque though it has the form of a JWT', async () => {
    const { bed } = held
    const shaped = `mt_${encode({ alg: 'none' })}.${encode({})}.`
    expect(await bed.outcome(shaped)).toBe('token_inactive')
    expect(bed.issuer.calls.clerkVerify).toBe(1)
  })
})

describe('I143: one token, two issuers', () => {
  it('the result of one issuer is not cached for a token of the other', async () => {
    const one = await attackBed(anyOpaque)
    const two = await attackBed(anyOpaque)
    const token = one.issuer.mintOpaque()
    expect(await one.outcome(token)).toBe('accepted')
    expect(await two.outcome(token)).toBe('token_inactive')
    expect(await one.outcome(token)).toBe('accepted')
  })

  it('a prefix belongs to one issuer: the others are not called', async () => {
    const bed = await attackBed({
      issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks` })), clerk(by.clerk())],
    })
    expect(await bed.outcome('mt_made_up')).toBe('token_inactive')
    expect(await bed.outcome('ref_made_up')).toBe('token_inactive')
    expect(await bed.outcome('other_made_up')).toBe('issuer_unknown')
    expect(bed.issuer.calls).toMatchObject({ clerkVerify: 1, introspection: 1 })
  })
})

describe('claims in a response have the same maximum depth as those of a JWT', () => {
  const nested = (levels: number): string => '[{"claim":'.repeat(levels / 2) + '0' + '}]'.repeat(levels / 2)

  it.each([
    ['62 below the response', 62, 'accepted'],
    ['64 below the response', 64, 'claim_invalid'],
    ['1,400', 1400, 'claim_invalid'],
  ])('%s', async (_, levels, expected) => {
    const bed = await attackBed(anyOpaque)
    const answer = JSON.stringify({ active: true, sub: 'billing', aud: AUDIENCE, exp: START / 1000 + 60 })
    bed.issuer.fail('introspection', says(200, answer.replace('}', `,"own":${nested(levels)}}`)))
    // A sender of such claims affects no other token: five consecutive ones do not open the circuit.
    for (let token = 0; token < 8; token += 1) expect(await bed.outcome(`own_${token}`)).toBe(expected)
    expect(await bed.outcome('own_0')).toBe(expected)
    expect(bed.issuer.calls.introspection).toBe(8)
    expect(bed.verifier.health().issuers[0]!.remote).toMatchObject({ status: 'ok', breaker: 'closed' })
  })
})
