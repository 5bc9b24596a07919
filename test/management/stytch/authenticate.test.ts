import { describe, expect, it } from 'vitest'
import { ConfigurationError, type Policy } from '../../../src/index.js'
import type { StytchAuthenticateTokenInput, StytchScopeCheck } from '../../../src/management/index.js'
import type { MintJwtOptions } from '../../../src/testing/index.js'
import { outcomeOf, refusalOf } from '../../support/outcomes.js'
import { START } from '../../support/clock.js'
import { stytchManagementBed, type StytchManagementBed } from '../../support/management.js'

type AuthenticateOptions = Omit<StytchAuthenticateTokenInput, 'token'>

/** The verdict of the operation, which must be that of a verifier with the issuer. */
async function verdictOn(
  { clients, verifier }: StytchManagementBed,
  accessToken: string,
  demands: AuthenticateOptions = {},
  policy: Policy = {},
): Promise<string> {
  const verdict = await outcomeOf(clients.authenticateToken({ token: accessToken, ...demands }))
  expect(await outcomeOf(verifier.verify(accessToken, policy))).toBe(verdict)
  return verdict
}

describe('an authenticated token', () => {
  it('has the custom claims of the template and no others', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({
      provider: 'stytch',
      scopes: 'read:orders write:orders',
      claims: { tier: 'gold', nested: { deep: true }, jti: 'token-1' },
    })
    const result = await clients.authenticateToken({ token: accessToken, scopes: ['read:orders'] })
    expect(result).toEqual({
      clientId: issuer.stytchProject.client.clientId,
      scopes: ['read:orders', 'write:orders'],
      customClaims: { tier: 'gold', nested: { deep: true } },
      issuedAt: START / 1000,
      expiresAt: START / 1000 + 3600,
    })
    for (const part of [result, result.scopes, result.customClaims, result.customClaims['nested']])
      expect(Object.isFrozen(part)).toBe(true)
  })

  it('needs one fetch of the keys for any number of calls, and no other call', async () => {
    const { clients, issuer } = await stytchManagementBed()
    for (const scopes of ['a', 'b', 'c']) {
      await clients.authenticateToken({ token: issuer.mintJwt({ provider: 'stytch', scopes }) })
    }
    expect(issuer.calls).toMatchObject({ jwks: 1, total: 1 })
  })

  it('of a B2B project is verified with the keys of that project', async () => {
    const { clients, issuer } = await stytchManagementBed({ b2b: true })
    const paths: string[] = []
    issuer.fail('jwks', (request, response) => {
      paths.push(request.url ?? '')
      response.setHeader('content-type', 'application/json').end(JSON.stringify(issuer.jwks('stytch')))
    })
    await clients.authenticateToken({ token: issuer.mintJwt({ provider: 'stytch' }) })
    expect(paths).toEqual([`/v1/b2b/sessions/jwks/${issuer.stytchProject.projectId}`])
  })
})

describe('the result is that of the verifier', () => {
  it.each<[string, Omit<MintJwtOptions, 'provider'>, string]>([
    ['a valid token', {}, 'accepted'],
    ['an expired token', { age: 7200, expiresIn: -3600 }, 'token_expired'],
    ['a token for another project', { audience: 'project-test-other' }, 'audience_mismatch'],
    ['a token of another issuer', { claims: { iss: 'stytch.com/project-test-other' } }, 'issuer_unknown'],
    ['a token of another type', { header: { typ: 'at+jwt' } }, 'type_not_allowed'],
    ['a token of another algorithm', { algorithm: 'ES256' }, 'algorithm_not_allowed'],
    ['a token that never expires', { expiresIn: null }, 'claim_missing'],
    ['a token without subject', { claims: { sub: undefined } }, 'claim_missing'],
    ['a token without scope', { claims: { scope: undefined } }, 'claim_missing'],
    ['a token whose scope is a list', { claims: { scope: ['a'] } }, 'claim_invalid'],
    ['a token issued in the future', { claims: { iat: START / 1000 + 60 } }, 'issued_in_future'],
    ["a person's session", { claims: { 'https://stytch.com/session': {} } }, 'type_not_allowed'],
    ["a person's token", { subject: 'user-live-1' }, 'type_not_allowed'],
    ["a connected app's token", { claims: { client_id: 'connected-app-live-1' } }, 'type_not_allowed'],
    ['a token of an unknown key', { header: { kid: 'jwk-test-unknown' } }, 'key_unknown'],
  ])('for %s', async (_, mint, reason) => {
    const bed = await stytchManagementBed()
    expect(await verdictOn(bed, bed.issuer.mintJwt({ ...mint, provider: 'stytch' }))).toBe(reason)
  })

  it.each(['', 'x', 'a.b.c', 'mt_0', `e30.e30.${'x'.repeat(20_000)}`])(
    'for the malformed token %j',
    async (token) => {
      expect(await verdictOn(await stytchManagementBed(), token)).not.toBe('accepted')
    },
  )

  it.each([undefined, null, 0, {}, []])('for %j, which is not a string', async (value) => {
    const { clients } = await stytchManagementBed()
    const refused = clients.authenticateToken({ token: value as string })
    expect(await outcomeOf(refused)).toBe('token_malformed')
  })

  it.each([
    ['read:users', 'read:users', 'accepted'],
    ['read:*', 'read:users', 'accepted'],
    ['read:users write:*', 'write:books read:users', 'accepted'],
    ['read:users', 'read:users write:users', 'scope_insufficient'],
    ['read:users:eu', 'read:users:us', 'scope_insufficient'],
    ['READ:users', 'read:users', 'scope_insufficient'],
  ])('for %s if %s is required', async (scopes, required, reason) => {
    const bed = await stytchManagementBed()
    const token = bed.issuer.mintJwt({ provider: 'stytch', scopes })
    for (const scopes of [required, required.split(' ')])
      expect(await verdictOn(bed, token, { scopes }, { scopes: required })).toBe(reason)
  })

  it('an empty list requires no scopes, as at Stytch', async () => {
    const bed = await stytchManagementBed()
    const token = bed.issuer.mintJwt({ provider: 'stytch' })
    expect(await verdictOn(bed, token, { scopes: [] })).toBe('accepted')
  })

  it.each([
    [60, 59, 'accepted'],
    [60, 60, 'token_too_old'],
    ['1m', 60, 'token_too_old'],
    [0, 0, 'token_too_old'],
    ['0s', 0, 'token_too_old'],
    [undefined, 3599, 'accepted'],
  ])('for maxTokenAge %s at an age of %d s', async (maxTokenAge, age, reason) => {
    const bed = await stytchManagementBed()
    const token = bed.issuer.mintJwt({ provider: 'stytch' })
    bed.pass(age)
    const demand = maxTokenAge === undefined ? {} : { maxTokenAge }
    expect(await verdictOn(bed, token, demand, demand)).toBe(reason)
  })

  it('reports unavailable keys, not an invalid token', async () => {
    const bed = await stytchManagementBed()
    bed.issuer.fail('jwks', 503)
    expect(await verdictOn(bed, bed.issuer.mintJwt({ provider: 'stytch' }))).toBe('keys_unavailable')
  })

  it('a withdrawn key invalidates its tokens', async () => {
    const bed = await stytchManagementBed()
    const token = bed.issuer.mintJwt({ provider: 'stytch' })
    expect(await verdictOn(bed, token)).toBe('accepted')
    bed.issuer.rotateKeys()
    bed.pass(11 * 60)
    const fresh = bed.issuer.mintJwt({ provider: 'stytch' })
    expect([await verdictOn(bed, fresh), await verdictOn(bed, token)]).toEqual(['accepted', 'key_unknown'])
  })
})

describe('the clock tolerance', () => {
  it.each<[AuthenticateOptions, number, string]>([
    [{}, 4, 'accepted'],
    [{}, 5, 'token_expired'],
    [{ clockTolerance: 0 }, 0, 'token_expired'],
    [{ clockTolerance: '30s' }, 29, 'accepted'],
    [{ clockTolerance: '30s' }, 30, 'token_expired'],
  ])('%j, %d s after the expiry', async (demands, late, reason) => {
    const { clients, issuer, pass } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({ provider: 'stytch' })
    pass(3600 + late)
    expect(await outcomeOf(clients.authenticateToken({ token: accessToken, ...demands }))).toBe(reason)
  })

  it('needs one fetch of the keys per tolerance, not per call', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({ provider: 'stytch' })
    for (const clockTolerance of [0, 10, 0, '10s', 0, 10])
      await clients.authenticateToken({ token: accessToken, clockTolerance })
    expect(issuer.calls.jwks).toBe(2)
  })
})

describe('a custom scope function', () => {
  it("replaces Stytch's rule, and receives the granted and the required scopes", async () => {
    const { clients, issuer } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({ provider: 'stytch', scopes: 'admin' })
    const asked: StytchScopeCheck[] = []
    const checkScopes = (scopes: StytchScopeCheck): boolean => {
      asked.push(scopes)
      return scopes.granted.includes('admin')
    }
    await clients.authenticateToken({ token: accessToken, scopes: 'read:x', checkScopes })
    await clients.authenticateToken({ token: accessToken, checkScopes })
    expect(asked).toEqual([
      { granted: ['admin'], required: ['read:x'] },
      { granted: ['admin'], required: [] },
    ])
  })

  it.each<[string, () => unknown]>([
    ['false', () => false],
    ['something that only looks true', () => 1],
    ['a promise', () => Promise.resolve(true)],
    ['nothing', () => undefined],
    [
      'an exception',
      () => {
        throw new Error('broken rule')
      },
    ],
  ])('that returns %s accepts no token', async (_, checkScopes) => {
    const { clients, issuer, verifier } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({ provider: 'stytch', scopes: 'read:x' })
    const input = { token: accessToken, scopes: 'read:x', checkScopes: checkScopes as () => boolean }
    const refusal = await refusalOf(clients.authenticateToken(input))
    expect(refusal).toMatchObject({ status: 403, reason: 'scope_insufficient', required: ['read:x'] })
    expect(refusal.issuer).toBe((await verifier.verify(accessToken)).issuer)
  })

  it('is not called for an invalid token', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({ provider: 'stytch', expiresIn: -60, age: 120 })
    const checkScopes = (): boolean => expect.fail('asked')
    expect(await outcomeOf(clients.authenticateToken({ token: accessToken, checkScopes }))).toBe(
      'token_expired',
    )
  })
})

describe('invalid input', () => {
  it.each<[string, object]>([
    ['requiredScope', { requiredScope: 'a' }],
    ['scopes', { scopes: '' }],
    ['scopes', { scopes: ['a b'] }],
    ['scopes', { scopes: null }],
    ['maxTokenAge', { maxTokenAge: -1 }],
    ['maxTokenAge', { maxTokenAge: '1 hour' }],
    ['clockTolerance', { clockTolerance: '2m' }],
    ['checkScopes', { checkScopes: 'read' }],
  ])('is an error naming %s: %j', async (option, demands) => {
    const { clients, issuer } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({ provider: 'stytch', scopes: 'a' })
    const wrong = clients.authenticateToken({ token: accessToken, ...demands })
    await expect(wrong).rejects.toBeInstanceOf(ConfigurationError)
    await expect(wrong).rejects.toMatchObject({ option: `stytchClients.authenticateToken.${option}` })
    expect(issuer.calls.total).toBe(0)
  })
})

describe('an abort signal', () => {
  it('rejects only its own call while the keys are in flight', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({ provider: 'stytch' })
    const gate = issuer.gate('jwks')
    const controller = new AbortController()
    const given = clients.authenticateToken({ token: accessToken }, { signal: controller.signal })
    const other = clients.authenticateToken({ token: accessToken })
    await gate.waiting
    controller.abort(new Error('enough'))
    await expect(given).rejects.toThrow('enough')
    gate.release()
    expect(await outcomeOf(other)).toBe('accepted')
  })

  it('that is already aborted sends no request', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const accessToken = issuer.mintJwt({ provider: 'stytch' })
    const given = clients.authenticateToken({ token: accessToken }, { signal: AbortSignal.abort('gone') })
    await expect(given).rejects.toBe('gone')
    expect(issuer.calls.jwks).toBe(0)
  })
})

it("a refusal is the package's Refusal, so that an API can respond with it", async () => {
  const { clients, issuer, verifier } = await stytchManagementBed()
  const accessToken = issuer.mintJwt({ provider: 'stytch', scopes: 'a' })
  const ours = await refusalOf(clients.authenticateToken({ token: accessToken, scopes: 'b' }))
  const { status, headers, issuer: name } = await refusalOf(verifier.verify(accessToken, { scopes: 'b' }))
  expect(ours).toMatchObject({ status, headers, issuer: name })
})
