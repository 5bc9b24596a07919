import { describe, expect, it } from 'vitest'
import type { SigningAlgorithm } from '../../src/testing/index.js'
import { SIGNING_ALGORITHMS } from '../support/tokens/algorithms.js'
import { jwksBed, testBed, times } from '../support/test-bed.js'

describe('algorithms', () => {
  it('all are verified, with all keys in one set', async () => {
    const { issuer, outcome } = await jwksBed()
    const tokens = SIGNING_ALGORITHMS.map((algorithm) => issuer.mintJwt({ algorithm }))
    for (const [index, token] of tokens.entries()) {
      expect(await outcome(token), SIGNING_ALGORITHMS[index]).toBe('accepted')
    }
    expect(issuer.calls.jwks).toBe(1)
  })

  it('only configured ones are accepted, and others cause no fetch', async () => {
    const { issuer, outcome } = await jwksBed({ algorithms: ['ES256', 'EdDSA'] })
    expect(await outcome(issuer.mintJwt({ algorithm: 'RS256' }))).toBe('algorithm_not_allowed')
    expect(await outcome(issuer.mintJwt({ algorithm: 'ES384' }))).toBe('algorithm_not_allowed')
    expect(issuer.calls.jwks).toBe(0)
    expect(await outcome(issuer.mintJwt({ algorithm: 'ES256' }))).toBe('accepted')
    expect(await outcome(issuer.mintJwt({ algorithm: 'EdDSA' }))).toBe('accepted')
  })

  it('a key verifies the algorithm that it names and no other', async () => {
    const { issuer, outcome } = await jwksBed()
    const token = issuer.mintJwt({ algorithm: 'RS256' })
    issuer.fail('jwks', { body: { keys: [{ ...issuer.jwks().keys[0], alg: 'RS512' }] } })
    expect(await outcome(token)).toBe('key_unknown')
  })

  it.each<SigningAlgorithm>(['RS384', 'PS256', 'ES512', 'EdDSA'])(
    'a key that names none serves %s',
    async (algorithm) => {
      const { issuer, outcome } = await jwksBed()
      const token = issuer.mintJwt({ algorithm })
      const { alg: _alg, ...key } = issuer.jwks().keys[0]!
      issuer.fail('jwks', { body: { keys: [key] } })
      expect(await outcome(token)).toBe('accepted')
    },
  )
})

describe('key ids', () => {
  it('a token without a key id matches a single key with its algorithm', async () => {
    const { issuer, jwt, outcome } = await jwksBed()
    const unnamed = jwt({ header: { kid: undefined } })
    issuer.addKey({ algorithm: 'RS256' })
    expect(await outcome(unnamed)).toBe('accepted')
  })

  it('a token without a key id is refused if several keys have its algorithm', async () => {
    const { issuer, jwt, outcome } = await jwksBed()
    const unnamed = jwt({ header: { kid: undefined } })
    issuer.addKey({ algorithm: 'ES256' })
    expect(await outcome(unnamed)).toBe('key_unknown')
    expect(issuer.calls.jwks).toBe(1)
  })

  it('a published key without an id verifies tokens without a key id, and no token with one', async () => {
    const { issuer, jwt, outcome } = await jwksBed()
    const [unnamed, named] = [jwt({ header: { kid: undefined } }), jwt()]
    const { kid: _kid, ...key } = issuer.jwks().keys[0]!
    issuer.fail('jwks', { body: { keys: [key] } })
    expect(await outcome(unnamed)).toBe('accepted')
    expect(await outcome(named)).toBe('key_unknown')
  })

  it('two keys with one id: the key that signed is found', async () => {
    const { issuer, jwt, outcome } = await jwksBed()
    const token = jwt()
    const right = issuer.jwks().keys[0]!
    const other = issuer.addKey({ algorithm: 'ES256' })
    const twin = { ...issuer.jwks().keys.find(({ kid }) => kid === other)!, kid: right.kid }
    issuer.fail('jwks', { body: { keys: [twin, right] } })
    expect(await outcome(token)).toBe('accepted')
  })

  it.each([
    ['number', 7],
    ['null', null],
    ['list', ['a']],
    ['object', {}],
  ])('a token whose kid is a %s is undecodable', async (_, kid) => {
    const { jwt, outcome, issuer } = await jwksBed()
    expect(await outcome(jwt({ header: { kid } }))).toBe('token_undecodable')
    expect(issuer.calls.jwks).toBe(0)
  })
})

describe('unusable entries of a key set are skipped, and the others are used', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a string', 'key'],
    ['an empty object', {}],
    ['an unknown type', { kty: 'NEW', kid: 'x', alg: 'NEW1' }],
    ['a shared key', { kty: 'oct', k: 'c2VjcmV0', kid: 'x', alg: 'HS256' }],
    ['a broken key', { kty: 'RSA', n: '!!', e: 'AQAB', kid: 'x', alg: 'RS256' }],
    ['a point off the curve', { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: 'x' }],
    ['a key for encryption', { kty: 'RSA', n: 'AQAB', e: 'AQAB', use: 'enc', kid: 'x' }],
    ['an id that is a number', { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: 7 }],
  ])('%s', async (_, entry) => {
    const { issuer, jwt, outcome } = await jwksBed()
    const token = jwt()
    issuer.fail('jwks', { body: { keys: [entry, ...issuer.jwks().keys] } })
    expect(await outcome(token)).toBe('accepted')
  })

  it.each<[string, Record<string, unknown>]>([
    ['for encryption', { use: 'enc' }],
    ['not for verifying', { key_ops: ['sign'] }],
    ['published with its private part', { d: 'AAAA' }],
  ])('the very key of the token, %s, does not serve', async (_, members) => {
    const { issuer, jwt, outcome } = await jwksBed()
    const token = jwt()
    issuer.fail('jwks', { body: { keys: [{ ...issuer.jwks().keys[0], ...members }] } })
    expect(await outcome(token)).toBe('key_unknown')
    expect(issuer.calls.jwks).toBe(1)
  })

  it.each([
    [99, 'accepted'],
    [100, 'key_unknown'],
  ])('of a set with %s entries before it, the key of a token: %s', async (before, expected) => {
    const { issuer, jwt, outcome } = await jwksBed()
    const token = jwt()
    const others = times(before, (index) => ({ kty: 'oct', kid: `other-${index}` }))
    issuer.fail('jwks', { body: { keys: [...others, ...issuer.jwks().keys] } })
    expect(await outcome(token)).toBe(expected)
  })
})

describe('keys of several issuers', () => {
  it('one key id at two issuers: each token is verified with the key of its issuer', async () => {
    const one = await testBed()
    const token = one.jwt()
    const { kid } = one.issuer.jwks().keys[0]!
    const two = await jwksBed()
    const stolen = two.jwt({ header: { kid }, claims: { iss: one.issuer.url } })
    expect(await one.outcome(token)).toBe('accepted')
    expect(await one.outcome(stolen)).toBe('signature_invalid')
  })
})
