import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { authleteManagementBed, hashOf } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'

const MACHINE = 'CLIENT_CREDENTIALS'
const RESOURCE = 'https://api.test'

describe('the lifecycle of a token', () => {
  it('the guard reflects creation, update, reissue and revocation of a token', async () => {
    const { tokens, clientId, outcome, now, pass } = await authleteManagementBed()
    const { token: accessToken, tokenId } = await tokens.create({
      grantType: MACHINE,
      clientId,
      scopes: 'orders:read',
      expiresIn: '10m',
    })
    expect(await outcome(accessToken, { scopes: 'orders:read' })).toBe('accepted')

    await tokens.update({ tokenId: tokenId!, scopes: ['orders:write'] })
    expect(await outcome(accessToken, { scopes: 'orders:read' })).toBe('scope_insufficient')
    expect(await outcome(accessToken, { scopes: 'orders:write' })).toBe('accepted')

    const renewed = await tokens.update({ token: accessToken, replaceToken: true })
    expect(await outcome(accessToken)).toBe('token_inactive')
    expect(await outcome(renewed.token!, { scopes: 'orders:write' })).toBe('accepted')

    await tokens.update({ tokenHash: hashOf(renewed.token!), expiresAt: now() + 60 })
    pass(59)
    expect(await outcome(renewed.token!)).toBe('accepted')
    pass(1)
    expect(await outcome(renewed.token!)).toBe('token_inactive')

    await tokens.update({ tokenId: tokenId!, neverExpires: true })
    pass(10 * 365 * 86_400)
    expect(await outcome(renewed.token!)).toBe('accepted')
    expect(await tokens.revoke({ token: renewed.token! })).toEqual({ count: 1 })
    expect(await outcome(renewed.token!)).toBe('token_inactive')
    expect((await tokens.list()).items).toEqual([])
  })

  it.each(['token', 'hash'] as const)('delete by %s removes it, and fails the second time', async (by) => {
    const { tokens, clientId, outcome } = await authleteManagementBed()
    const { token: accessToken } = await tokens.create({
      grantType: MACHINE,
      clientId,
      token: 'a/b?c#d%2F+e',
    })
    const which = by === 'token' ? { token: accessToken } : { tokenHash: hashOf(accessToken) }
    expect(await outcome('a/b')).toBe('token_inactive')
    expect(await tokens.delete(which)).toBeUndefined()
    expect((await tokens.introspect({ token: accessToken })).action).toBe('UNAUTHORIZED')
    const error = await failureOf(tokens.delete(which))
    expect(error).toMatchObject({ name: 'ManagementError', status: 404, isUncertain: false })
  })
})

describe('create', () => {
  it('returns all fields with times in seconds, and hides the secrets from logs', async () => {
    const { tokens, clientId, now } = await authleteManagementBed({ authleteJwtAccessTokens: true })
    const created = await tokens.create({
      grantType: 'AUTHORIZATION_CODE',
      clientId,
      subject: 'john',
      scopes: ['openid', 'a'],
      expiresIn: '1h',
      refreshTokenExpiresIn: 7200,
      properties: [
        { key: 'tenant', value: 't1' },
        { key: 'note', value: '', hidden: true },
      ],
      resources: [RESOURCE],
      certificateThumbprint: 'c'.repeat(43),
      authorizationDetails: [{ type: 'payment', actions: ['read'], otherFields: { max: 5 } }],
      jwtClaims: { region: 'eu' },
      acr: 'high',
      authTime: now() - 60,
      sessionId: 'session-1',
      forExternalAttachment: false,
    })
    expect({ ...created }).toEqual({
      tokenId: expect.any(String),
      tokenType: 'Bearer',
      grantType: 'AUTHORIZATION_CODE',
      clientId,
      clientIdentifier: clientId,
      subject: 'john',
      scopes: ['openid', 'a'],
      refreshTokenScopes: ['openid', 'a'],
      expiresAt: now() + 3600,
      expiresIn: 3600,
      properties: [
        { key: 'tenant', value: 't1', hidden: false },
        { key: 'note', value: '', hidden: true },
      ],
      authorizationDetails: [{ type: 'payment', actions: ['read'], otherFields: { max: 5 } }],
      forExternalAttachment: false,
      sessionId: 'session-1',
    })
    const secrets = [created.token, created.jwt!, created.refreshToken!]
    expect(new Set(secrets).size).toBe(3)
    for (const shown of [inspect(created), JSON.stringify(created), JSON.stringify({ ...created })])
      for (const secret of secrets) expect(shown).not.toContain(secret)
    expect(Object.isFrozen(created)).toBe(true)
  })

  it('returns the JWT form as well if the service signs tokens: both are the same token', async () => {
    const { tokens, clientId, outcome } = await authleteManagementBed({ authleteJwtAccessTokens: true })
    const { token: accessToken, jwt: jwtAccessToken } = await tokens.create({
      grantType: MACHINE,
      clientId,
      jwtClaims: { region: 'eu' },
    })
    const claims = JSON.parse(Buffer.from(jwtAccessToken!.split('.')[1]!, 'base64url').toString()) as object
    expect(claims).toMatchObject({ client_id: clientId, region: 'eu' })
    expect([await outcome(accessToken), await outcome(jwtAccessToken!)]).toEqual(['accepted', 'accepted'])
    await tokens.revoke({ token: jwtAccessToken! })
    expect([await outcome(accessToken), await outcome(jwtAccessToken!)]).toEqual([
      'token_inactive',
      'token_inactive',
    ])
  })

  it('a key-bound token has the type DPoP, and is rejected without a proof of the key', async () => {
    const { tokens, clientId } = await authleteManagementBed()
    const jwk = { crv: 'P-256', kty: 'EC', x: 'x', y: 'y' }
    const proof = `${Buffer.from(JSON.stringify({ jwk })).toString('base64url')}.e30.sig`
    const dpopKeyThumbprint = hashOf(JSON.stringify(jwk))
    const bound = await tokens.create({ grantType: MACHINE, clientId, dpopKeyThumbprint })
    expect(bound.tokenType).toBe('DPoP')
    const token = bound.token
    const request = { htm: 'GET', htu: 'https://api.test/orders' }
    expect((await tokens.introspect({ token })).action).toBe('UNAUTHORIZED')
    expect((await tokens.introspect({ token, dpop: proof, ...request })).action).toBe('OK')
    expect((await tokens.introspect({ token, dpop: 'e30.e30.sig', ...request })).action).toBe('UNAUTHORIZED')
  })

  it.each([MACHINE, 'IMPLICIT'] as const)('%s has no refresh token', async (grantType) => {
    const { tokens, clientId } = await authleteManagementBed()
    const created = await tokens.create({ grantType, clientId, subject: 'john' })
    expect([created.refreshToken, created.jwt]).toEqual([undefined, undefined])
  })

  it('an unknown client is an error with a code, and creates nothing', async () => {
    const { tokens } = await authleteManagementBed()
    const error = await failureOf(tokens.create({ grantType: MACHINE, clientId: 'nobody' }))
    expect(error).toMatchObject({
      name: 'ManagementError',
      operation: 'authleteTokens.create',
      code: 'A070201',
      status: 200,
      isUncertain: false,
    })
    expect(error.message).toBe(
      'authleteTokens.create: Authlete responded with BAD_REQUEST A070201: [A070201] No such client. ' +
        'Check the input: the message contains the reason',
    )
    expect((await tokens.list()).total).toBe(0)
  })
})

describe('update', () => {
  it('keeps omitted fields, and returns the current state of the token', async () => {
    const { tokens, clientId, now } = await authleteManagementBed()
    const properties = [{ key: 'tenant', value: 't1', hidden: true }]
    const { tokenId, token: accessToken } = await tokens.create({
      grantType: 'PASSWORD',
      clientId,
      subject: 'john',
      scopes: 'a b',
      properties,
      expiresIn: 60,
    })
    const updated = await tokens.update({ tokenId: tokenId!, refreshTokenExpiresAt: now() + 5.5 })
    expect({ ...updated }).toEqual({
      expiresAt: now() + 60,
      refreshTokenExpiresAt: now() + 5.5,
      scopes: ['a', 'b'],
      properties,
      tokenType: 'Bearer',
      tokenId,
      authorizationDetails: [],
      forExternalAttachment: undefined,
    })
    expect(updated.token).toBe(accessToken)
    expect(inspect(updated) + JSON.stringify(updated)).not.toContain(accessToken)
  })

  it('with new scopes resets the times only if that option is set', async () => {
    const { tokens, clientId, now, pass } = await authleteManagementBed()
    const { token: accessToken } = await tokens.create({ grantType: MACHINE, clientId, expiresIn: 600 })
    const expiresAt = now() + 600
    pass(60)
    expect(await tokens.update({ token: accessToken, scopes: 'a' })).toMatchObject({
      expiresAt: expiresAt,
    })
    const afresh = { token: accessToken, scopes: 'b', resetExpiryOnScopeChange: true }
    expect(await tokens.update(afresh)).toMatchObject({ expiresAt: now() + 3600 })
  })

  it('removes every scope with an empty list', async () => {
    const { tokens, clientId, outcome } = await authleteManagementBed()
    const { token: accessToken } = await tokens.create({ grantType: MACHINE, clientId, scopes: 'a' })
    expect(await tokens.update({ token: accessToken, scopes: [] })).toMatchObject({ scopes: [] })
    expect(await outcome(accessToken, { scopes: 'a' })).toBe('scope_insufficient')
  })

  it('a token that does not exist is an error that says so', async () => {
    const { tokens } = await authleteManagementBed()
    const error = await failureOf(tokens.update({ tokenId: 'nothing', scopes: 'a' }))
    expect(error).toMatchObject({ name: 'ManagementError', code: 'A075202', isUncertain: false })
    expect(error.message).toContain('Authlete does not have this token')
  })
})

describe('reissueIdToken', () => {
  it("returns an ID token and the token endpoint's response, hidden from logs", async () => {
    const { tokens, clientId } = await authleteManagementBed({ authleteJwtAccessTokens: true })
    const created = await tokens.create({
      grantType: 'AUTHORIZATION_CODE',
      clientId,
      subject: 'john',
      scopes: 'openid',
    })
    const accessToken = created.jwt!
    const refreshToken = created.refreshToken!
    const { idToken, ...rest } = await tokens.reissueIdToken({
      token: accessToken,
      refreshToken,
      subject: 'jane',
      claims: { locale: 'de' },
      header: { x: 1 },
      audienceFormat: 'string',
    })
    expect(rest).toEqual({})
    const [header, payload] = idToken.split('.', 2).map((part) => Buffer.from(part, 'base64url').toString())
    expect(JSON.parse(header!)).toMatchObject({ x: 1 })
    expect(JSON.parse(payload!)).toMatchObject({ sub: 'jane', locale: 'de', aud: clientId })
    const again = await tokens.reissueIdToken({ token: accessToken, refreshToken })
    expect(JSON.parse(again.tokenResponse!)).toMatchObject({
      access_token: accessToken,
      id_token: again.idToken,
    })
    expect(inspect(again) + JSON.stringify(again)).toBe('{}{}')
  })

  it.each(['token', 'refreshToken'] as const)('with another %s is an error', async (member) => {
    const { tokens, clientId } = await authleteManagementBed()
    const create = () =>
      tokens.create({ grantType: 'AUTHORIZATION_CODE', clientId, subject: 'john', scopes: 'openid' })
    const { token: accessToken, refreshToken } = await create()
    const right = { token: accessToken, refreshToken: refreshToken! }
    const other = member === 'token' ? 'unknown' : (await create()).refreshToken!
    const error = await failureOf(tokens.reissueIdToken({ ...right, [member]: other }))
    expect(error).toMatchObject({ name: 'ManagementError', code: 'A292202', isUncertain: false })
    expect(error.message).toContain('CALLER_ERROR')
    for (const secret of [accessToken, refreshToken!]) expect(inspect(error)).not.toContain(secret)
  })
})
