import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth } from '../../../src/index.js'
import { keyOf } from '../../support/tokens/forge.js'
import { testBed } from '../../support/test-bed.js'

const CLIENT = { clientId: 'guard', clientSecret: 'secret' }
const ENDPOINT = 'https://issuer.test/introspect'
const EC = keyOf('ES256')
const PEM = createPublicKey(EC.privateKey).export({ type: 'spki', format: 'pem' })

function problemWith(options: object): string {
  try {
    oauth({ audience: 'x', issuer: 'https://a.test', ...options })
    return 'accepted'
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}

describe('keys: false', () => {
  it('introspects opaque tokens and JWTs, and fetches no keys', async () => {
    const { issuer, jwt, opaque, outcome, verifier } = await testBed({
      issuers: (by) => [oauth({ ...by.oauth(), keys: false })],
    })
    expect(await outcome(opaque())).toBe('accepted')
    expect(await outcome(jwt())).toBe('accepted')
    expect(issuer.calls).toMatchObject({ jwks: 0, introspection: 2, discovery: 1 })
    expect(verifier.health().issuers[0]).not.toHaveProperty('keys')
  })

  it('ready() makes no call if the endpoint is configured, and health() is ok', async () => {
    const fetch = (): never => {
      throw new Error('called')
    }
    const introspection = { ...CLIENT, endpoint: ENDPOINT }
    const verifier = createVerifier({
      issuers: [oauth({ issuer: 'PingFederate test', audience: 'x', keys: false, introspection, fetch })],
    })
    await expect(verifier.ready()).resolves.toBeUndefined()
    expect(verifier.health()).toMatchObject({ status: 'ok', issuers: [{ remote: { status: 'ok' } }] })
  })

  it.each<[string, object, RegExp]>([
    ['fails', { status: 500 }, /discovery document: status 500/],
    ['names no endpoint', { body: 'none' }, /no introspection_endpoint/],
  ])('ready() rejects and health() is down if the discovery document %s', async (_, how, failure) => {
    const { issuer, verifier, health } = await testBed({
      issuers: (by) => [oauth({ ...by.oauth(), keys: false })],
    })
    issuer.fail('discovery', 'body' in how ? { body: { issuer: issuer.url } } : how)
    await expect(verifier.ready()).rejects.toThrow(/not ready/)
    expect(health()).toMatchObject({ status: 'down', remote: { status: 'down' } })
    expect(health().remote?.failure).toMatch(failure)
  })

  it('contradictions name both options', () => {
    const introspection = { ...CLIENT, endpoint: ENDPOINT }
    expect(problemWith({ keys: false })).toMatch(/introspection: is required with keys: false/)
    for (const [name, value] of Object.entries({
      jwksUri: 'https://a.test/jwks',
      jwks: { keys: [EC.jwk] },
      publicKey: PEM,
    })) {
      expect(problemWith({ keys: false, introspection, [name]: value })).toMatch(
        new RegExp(`oauth\\.${name}: has no effect with keys: false`),
      )
    }
    expect(problemWith({ keys: false, introspection: { ...introspection, jwts: false } })).toMatch(
      /introspection\.jwts: must not be false with keys: false/,
    )
    expect(problemWith({ keys: false, introspection: { ...introspection, jwts: true } })).toBe('accepted')
    expect(problemWith({ keys: null, introspection })).toMatch(/oauth\.keys: must be/)
    expect(problemWith({ keys: undefined, introspection })).toMatch(/leave it out instead/)
  })
})

describe('issuer as any string', () => {
  const FREE = [
    'PingFederate Prod',
    'sa@project.iam.gserviceaccount.com',
    'urn:example:issuer',
    'http://sts.test/v1/',
  ]

  it.each(FREE)('is accepted if nothing is fetched from it: %s', async (name) => {
    const { issuer, jwt, outcome } = await testBed({
      mint: { claims: { iss: name } },
      issuers: (by) => [oauth({ issuer: name, audience: by.audience, jwksUri: `${by.url}/jwks` })],
    })
    expect(await outcome(jwt())).toBe('accepted')
    expect(await outcome(jwt({ claims: { iss: `${name}/` } }))).toBe('issuer_unknown')
    expect(await outcome(jwt({ claims: { iss: undefined } }))).toBe('issuer_unknown')
    expect(issuer.calls.discovery).toBe(0)
    expect(problemWith({ issuer: name, jwks: { keys: [EC.jwk] } })).toBe('accepted')
    expect(problemWith({ issuer: name, keys: false, introspection: { ...CLIENT, endpoint: ENDPOINT } })).toBe(
      'accepted',
    )
  })

  it.each(FREE)('is refused where discovery needs its URL, with the options to set: %s', (issuer) => {
    expect(problemWith({ issuer })).toMatch(
      /oauth\.issuer: must be an https: URL .* set jwksUri, jwks, publicKey or keys: false/,
    )
    expect(problemWith({ issuer, keys: false, introspection: CLIENT })).toMatch(/set introspection\.endpoint/)
    expect(problemWith({ issuer, jwks: { keys: [EC.jwk] }, introspection: CLIENT })).toMatch(
      /set introspection\.endpoint/,
    )
  })

  it.each([
    '',
    ' x',
    'x\n',
    7,
    null,
    'https://u:p@a.test',
    'https://a.test/.well-known/openid-configuration',
  ])('is refused in any case: %j', (issuer) => {
    expect(problemWith({ issuer, jwksUri: 'https://a.test/jwks' })).toMatch(/^oauth\.issuer: /)
  })
})
