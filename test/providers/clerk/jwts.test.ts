import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { clerk, ConfigurationError, type ClerkJwtAccess, type ClerkOptions } from '../../../src/index.js'
import type { MintJwtOptions } from '../../../src/testing/index.js'
import { testBed } from '../../support/test-bed.js'
import { atClerk } from './support.js'

describe('jwtAccess', () => {
  const BILLING = 'mch_billing'
  it.each<[string, ClerkJwtAccess, string, string]>([
    ['any-machine', 'any-machine', 'accepted', 'accepted'],
    ['senders', { senders: [BILLING] }, 'accepted', 'client_not_allowed'],
    ['one sender', { senders: BILLING }, 'accepted', 'client_not_allowed'],
    ['remote', 'remote', 'accepted', 'accepted'],
    ['false', false, 'issuer_unknown', 'issuer_unknown'],
  ])('%s: a machine that is named, and one that is not', async (_, jwtAccess, named, other) => {
    const { issuer, mintJwt, mintOpaque, outcome } = await atClerk({ jwtAccess, jwksUri: undefined })
    expect(await outcome(mintJwt({ subject: BILLING }))).toBe(named)
    expect(await outcome(mintJwt({ subject: 'mch_other' }))).toBe(other)
    expect(issuer.calls.clerkVerify).toBe(jwtAccess === 'remote' ? 2 : 0)
    expect(await outcome(mintOpaque({ subject: 'mch_other' }))).toBe('accepted')
  })

  it('remote: the response of Clerk counts, not the claims of the sender, and is cached', async () => {
    const { issuer, mintJwt, outcome } = await atClerk({ jwtAccess: 'remote', jwksUri: undefined })
    const { stranger, receiver } = issuer.clerkMachines
    const mine = mintJwt({ claims: { aud: [receiver.id] } })
    const foreign = mintJwt({ audience: stranger.id, claims: { aud: [receiver.id], scopes: receiver.id } })
    expect(await outcome(mine)).toBe('accepted')
    expect(await outcome(foreign)).toBe('token_inactive')
    await outcome(mine)
    await outcome(foreign)
    expect(issuer.calls).toMatchObject({ clerkVerify: 2, total: 2 })
  })

  it.each<unknown>([
    undefined,
    true,
    'local',
    {},
    { senders: [] },
    { senders: ['user_1'] },
    { sender: 'mch_1' },
    null,
  ])('%j is refused', (jwtAccess) => {
    const options = { machineSecretKey: 'ak_x', jwtAccess, issuer: 'https://c.test' } as ClerkOptions
    expect(() => clerk(options)).toThrow(ConfigurationError)
  })
})

describe('which JWTs of the instance are machine tokens', () => {
  it.each<[string, Omit<MintJwtOptions, 'provider'>, string, string]>([
    ['the category of machines', {}, 'accepted', 'accepted'],
    ['no category', { header: { cat: undefined } }, 'type_not_allowed', 'accepted'],
    ['another category', { header: { cat: 'cl_B7d4PD111AAA' } }, 'type_not_allowed', 'type_not_allowed'],
    [
      'a category that is not a string',
      { header: { cat: ['cl_B7d4PD333AAA'] } },
      'type_not_allowed',
      'type_not_allowed',
    ],
    ['typ at+jwt', { header: { typ: 'at+jwt' } }, 'type_not_allowed', 'type_not_allowed'],
    ['a user', { claims: { sub: 'user_1' } }, 'type_not_allowed', 'type_not_allowed'],
    ['no subject', { claims: { sub: undefined } }, 'type_not_allowed', 'type_not_allowed'],
    ['no expiry', { claims: { exp: undefined } }, 'claim_missing', 'claim_missing'],
  ])('%s', async (_, mint, required, relaxed) => {
    const strict = await atClerk()
    expect(await strict.outcome(strict.mintJwt(mint))).toBe(required)
    const lax = await atClerk({ requireCategory: false })
    expect(await lax.outcome(lax.mintJwt(mint))).toBe(relaxed)
  })

  it('without issuer, machine tokens are recognized by their subject', async () => {
    const { mintJwt, outcome } = await atClerk({ issuer: undefined })
    expect(await outcome(mintJwt())).toBe('accepted')
    expect(await outcome(mintJwt({ claims: { sub: 'user_1' } }))).toBe('issuer_unknown')
  })
})

describe('the keys of JWTs', () => {
  it('are fetched from the key set at the issuer', async () => {
    const { issuer, mintJwt, outcome } = await atClerk({ jwksUri: undefined })
    expect(await outcome(mintJwt())).toBe('accepted')
    expect(issuer.calls).toMatchObject({ jwks: 1, total: 1 })
  })

  it('are fetched from the Backend API with the secret key', async () => {
    const { issuer, mintJwt, outcome } = await atClerk((by) => ({ secretKey: by.clerkSecretKey }))
    expect(await outcome(mintJwt())).toBe('accepted')
    expect(issuer.calls).toMatchObject({ jwks: 1, total: 1 })
    const wrong = await atClerk({ secretKey: 'sk_test_wrong' })
    expect(await wrong.outcome(wrong.mintJwt())).toBe('keys_unavailable')
  })

  it('are not fetched with a PEM key', async () => {
    const { issuer, mintJwt, outcome } = await atClerk((by) => {
      const kid = by.addKey({ provider: 'clerk', use: true })
      return { jwtKey: by.publicKeyPem(kid) }
    })
    expect(await outcome(mintJwt())).toBe('accepted')
    issuer.rotateKeys()
    expect(await outcome(mintJwt())).toBe('signature_invalid')
    expect(issuer.calls.total).toBe(0)
  })

  it('are refused at start without a source or with two', async () => {
    await expect(atClerk({ issuer: undefined, jwksUri: undefined })).rejects.toThrow(ConfigurationError)
    await expect(atClerk((by) => ({ secretKey: 'sk_x', jwksUri: `${by.url}/jwks` }))).rejects.toThrow(
      /only one/,
    )
  })
})

it('a logged issuer shows no credential', async () => {
  const { issuer } = await testBed()
  const made = clerk(issuer.clerk({ jwksUri: undefined, secretKey: issuer.clerkSecretKey }))
  const printed = inspect(made, { depth: 10, showHidden: true }) + JSON.stringify(made)
  expect(printed).not.toContain(issuer.clerkSecretKey)
  expect(printed).not.toContain(issuer.clerkMachines.receiver.secretKey)
})
