import { describe, expect, it } from 'vitest'
import { stytch } from '../../../src/index.js'
import type { MintJwtOptions } from '../../../src/testing/index.js'
import { outcomeOf } from '../../support/outcomes.js'
import { START } from '../../support/clock.js'
import { stytchClient, stytchSdkBed, verdict } from './stytch-sdk.js'

describe("a token that Stytch's client obtains", () => {
  it('is accepted by both, who say the same of it', async () => {
    const { obtain, m2m, verifier, issuer } = await stytchSdkBed()
    const token = await obtain(['read:users', 'write:users'])
    const theirs = await m2m.authenticateToken({ access_token: token, required_scopes: ['read:users'] })
    const ours = await verifier.verify(token, { scopes: 'read:users' })
    expect(ours).toMatchObject({ provider: 'stytch', format: 'jwt', clientId: theirs.client_id })
    expect(ours.subject).toBe(issuer.stytchProject.client.clientId)
    expect(ours.scopes).toEqual(theirs.scopes)
    expect(ours.scopes).toEqual(['read:users', 'write:users'])
  })

  it('carries custom claims that both pass on', async () => {
    const { mint, m2m, verifier } = await stytchSdkBed()
    const token = mint({ scopes: 'a', claims: { tier: 'gold' } })
    expect((await m2m.authenticateToken({ access_token: token })).custom_claims).toEqual({ tier: 'gold' })
    expect((await verifier.verify(token)).claims).toMatchObject({ tier: 'gold' })
  })

  it('is not to be had with a wrong secret or for a scope the client may not have', async () => {
    const { issuer, m2m } = await stytchSdkBed()
    const limited = issuer.addClient({ provider: 'stytch', scopes: 'read:users' })
    const { clientId: client_id, clientSecret: client_secret } = limited
    await expect(m2m.token({ client_id, client_secret: 'wrong' })).rejects.toMatchObject({
      status_code: 401,
      error_type: 'invalid_client',
    })
    await expect(m2m.token({ client_id, client_secret, scopes: ['write:users'] })).rejects.toMatchObject({
      status_code: 400,
      error_type: 'invalid_scope',
    })
    expect(await m2m.token({ client_id, client_secret })).toMatchObject({
      token_type: 'bearer',
      expires_in: 3600,
    })
  })
})

describe('what both refuse', () => {
  it.each<[string, Omit<MintJwtOptions, 'provider'>, string]>([
    ['an expired token', { age: 7200, expiresIn: -3600 }, 'token_expired'],
    ['a token for another project', { audience: 'project-test-other' }, 'audience_mismatch'],
    ['a token without audience', { audience: null }, 'claim_missing'],
    ['a token of another issuer', { claims: { iss: 'stytch.com/project-test-other' } }, 'issuer_unknown'],
    ['a token without issuer', { claims: { iss: undefined } }, 'issuer_unknown'],
    ['a token of another type', { header: { typ: 'at+jwt' } }, 'type_not_allowed'],
    ['a token not active yet', { claims: { nbf: START / 1000 + 60 } }, 'token_not_active_yet'],
    ['a token of an unknown key', { header: { kid: 'jwk-test-unknown' } }, 'key_unknown'],
    ['a token marked critical', { header: { crit: ['x'], x: 1 } }, 'critical_header'],
  ])('%s', async (_, mint, reason) => {
    const bed = await stytchSdkBed()
    const token = bed.mint(mint)
    expect([await bed.theirs(token), await bed.ours(token)]).toEqual(['jwt_invalid', reason])
  })

  it('a token whose claims were changed', async () => {
    const { obtain, ours, theirs } = await stytchSdkBed()
    const [header, payload, signature] = (await obtain(['read:users'])).split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const raised = Buffer.from(JSON.stringify({ ...claims, scope: '*' })).toString('base64url')
    const forged = `${header}.${raised}.${signature}`
    expect([await theirs(forged), await ours(forged)]).toEqual(['jwt_invalid', 'signature_invalid'])
  })

  it('a token without a required scope', async () => {
    const { obtain, ours, theirs } = await stytchSdkBed()
    const token = await obtain(['read:users'])
    const wanted = ['read:users', 'write:users']
    expect(await theirs(token, { required_scopes: wanted })).toBe('missing_scopes')
    expect(await ours(token, { scopes: wanted })).toBe('scope_insufficient')
  })
})

describe('the largest age', () => {
  it.each([
    [60, 59, 'accepted', 'accepted'],
    [60, 60, 'jwt_too_old', 'token_too_old'],
    [60, 61, 'jwt_too_old', 'token_too_old'],
    [0, 0, 'jwt_too_old', 'token_too_old'],
  ])('%d s, at an age of %d s: theirs %s, ours %s', async (largest, age, expected, reason) => {
    const { obtain, ours, theirs, pass } = await stytchSdkBed()
    const token = await obtain()
    pass(age)
    expect(await theirs(token, { max_token_age_seconds: largest })).toBe(expected)
    expect(await ours(token, { maxTokenAge: largest })).toBe(reason)
  })

  it('is not checked if a route sets none', async () => {
    const { obtain, ours, theirs, pass } = await stytchSdkBed()
    const token = await obtain()
    pass(3599)
    expect([await theirs(token), await ours(token)]).toEqual(['accepted', 'accepted'])
  })

  it('needs a time of issue', async () => {
    const { mint, ours, theirs } = await stytchSdkBed()
    const token = mint({ claims: { iat: undefined } })
    expect(await theirs(token, { max_token_age_seconds: 60 })).toBe('jwt_invalid')
    expect(await ours(token, { maxTokenAge: 60 })).toBe('claim_missing')
  })
})

describe('rotated keys', () => {
  it('a token of a withdrawn key is refused by both, one of the new key accepted', async () => {
    const { obtain, issuer, verifierOf } = await stytchSdkBed()
    const old = await obtain()
    issuer.rotateKeys()
    const fresh = await obtain()
    const m2m = stytchClient(issuer)
    const verifier = verifierOf(stytch(issuer.stytch()))
    expect([await verdict(m2m, old), await outcomeOf(verifier.verify(old))]).toEqual([
      'jwt_invalid',
      'key_unknown',
    ])
    expect([await verdict(m2m, fresh), await outcomeOf(verifier.verify(fresh))]).toEqual([
      'accepted',
      'accepted',
    ])
  })

  it('while both keys are published, tokens of either are accepted by both', async () => {
    const { obtain, issuer, ours, theirs, pass } = await stytchSdkBed()
    const old = await obtain()
    expect([await theirs(old), await ours(old)]).toEqual(['accepted', 'accepted'])
    issuer.rotateKeys({ keepOld: true })
    const fresh = await obtain()
    // Longer than either pauses between two fetches for the sake of an unknown key.
    pass(31)
    for (const token of [old, fresh]) {
      expect([await theirs(token), await ours(token)]).toEqual(['accepted', 'accepted'])
    }
  })
})

describe('what their client lets pass and ours does not', () => {
  it.each<[string, Omit<MintJwtOptions, 'provider'>, string]>([
    ['a token that never expires', { expiresIn: null }, 'claim_missing'],
    ['a token without subject', { claims: { sub: undefined } }, 'claim_missing'],
    ['a token issued in the future', { claims: { iat: START / 1000 + 60 } }, 'issued_in_future'],
    [
      "a person's session with a claim named scope",
      { claims: { 'https://stytch.com/session': { id: 'session-1' } } },
      'type_not_allowed',
    ],
  ])('%s', async (_, mint, reason) => {
    const bed = await stytchSdkBed()
    const token = bed.mint(mint)
    expect([await bed.theirs(token), await bed.ours(token)]).toEqual(['accepted', reason])
  })
})

describe('an outage of Stytch', () => {
  it('is blamed on the token by their client, and not by us', async () => {
    const { issuer, mint, ours, theirs } = await stytchSdkBed()
    issuer.fail('jwks', 503)
    const token = mint()
    expect(await theirs(token)).toBe('jwt_invalid')
    expect(await ours(token)).toBe('keys_unavailable')
  })
})
