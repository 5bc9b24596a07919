import { describe, expect, it } from 'vitest'
import { hashOf } from '../../../support/management.js'
import { sdkBed } from './support.js'

describe('the same life, in the hands of both', () => {
  const GRANT = 'AUTHORIZATION_CODE'

  it('what we create, they list, introspect, update and revoke, and say the same of it', async () => {
    const { ours, theirs, serviceId, clientId } = await sdkBed({ authleteJwtAccessTokens: true })
    const created = await ours.create({ grantType: GRANT, clientId, subject: 'john', scopes: 'a b' })
    const listed = await theirs.token.management.list({ serviceId, clientIdentifier: clientId })
    expect(listed).toMatchObject({ totalCount: 1, start: 0, end: 5 })
    expect(listed.accessTokens![0]).toMatchObject({
      accessTokenHash: hashOf(created.token),
      refreshTokenHash: hashOf(created.refreshToken!),
      accessTokenExpiresAt: created.expiresAt! * 1000,
      clientId: Number(created.clientId),
      subject: created.subject,
      scopes: created.scopes,
      grantType: created.grantType,
    })
    for (const token of [created.token, created.jwt!]) {
      const verdict = await theirs.introspection.process({ serviceId, introspectionRequest: { token } })
      expect(verdict).toMatchObject({ action: 'OK', subject: 'john', expiresAt: created.expiresAt! * 1000 })
    }
    const updated = await theirs.token.management.update({
      serviceId,
      tokenUpdateRequest: { accessToken: created.token, scopes: ['c'] },
    })
    expect(updated).toMatchObject({ action: 'OK', tokenId: created.tokenId, tokenType: created.tokenType })
    expect((await ours.introspect({ token: created.token })).scopes).toEqual(['c'])
    const { count } = await theirs.token.management.revoke({
      serviceId,
      tokenRevokeRequest: { refreshTokenIdentifier: created.refreshToken! },
    })
    expect(count).toBe(1)
    expect((await ours.introspect({ token: created.jwt! })).action).toBe('UNAUTHORIZED')
  })

  it('what they create, we list, introspect, update, renew and delete, and say the same of it', async () => {
    const { ours, theirs, serviceId, clientId } = await sdkBed()
    const theirsCreated = await theirs.token.management.create({
      serviceId,
      tokenCreateRequest: {
        grantType: GRANT,
        clientId: Number(clientId),
        subject: 'john',
        scopes: ['openid', 'a'],
        properties: [{ key: 'tenant', value: 't1', hidden: true }],
        accessTokenDuration: 60,
      },
    })
    const { accessToken = '', refreshToken = '', expiresAt } = theirsCreated
    const { items } = await ours.list({ subject: 'john' })
    expect(items).toMatchObject([{ tokenHash: hashOf(accessToken), expiresAt: expiresAt! / 1000 }])
    expect(await ours.introspect({ token: accessToken })).toMatchObject({
      action: 'OK',
      clientId: String(theirsCreated.clientId),
      subject: theirsCreated.subject,
      scopes: theirsCreated.scopes,
      properties: theirsCreated.properties,
      expiresAt: expiresAt! / 1000,
    })
    const { idToken } = await ours.reissueIdToken({ token: accessToken, refreshToken })
    const idtokenReissueRequest = { accessToken, refreshToken }
    const again = await theirs.token.management.reissueIdToken({ serviceId, idtokenReissueRequest })
    expect(again).toMatchObject({ action: 'OK', idToken })

    const hash = hashOf(accessToken)
    const renewed = await ours.update({ tokenHash: hash, replaceToken: true })
    const ask = (token: string) =>
      theirs.introspection.process({ serviceId, introspectionRequest: { token } })
    expect((await ask(accessToken)).action).toBe('UNAUTHORIZED')
    expect((await ask(renewed.token!)).action).toBe('OK')
    await ours.delete({ token: renewed.token! })
    expect((await ask(renewed.token!)).action).toBe('UNAUTHORIZED')
    expect(await theirs.token.management.list({ serviceId })).toMatchObject({
      totalCount: 0,
      accessTokens: [],
    })
  })

  it('what one revokes for a client or a person, the other finds gone', async () => {
    const { ours, theirs, serviceId, clientId } = await sdkBed()
    const create = async (subject: string) =>
      (await ours.create({ grantType: GRANT, clientId, subject })).token
    const tokens = [await create('john'), await create('jane'), await create('jim')]
    await theirs.token.management.revoke({ serviceId, tokenRevokeRequest: { subject: 'john' } })
    const actions = () => Promise.all(tokens.map(async (token) => (await ours.introspect({ token })).action))
    expect(await actions()).toEqual(['UNAUTHORIZED', 'OK', 'OK'])
    expect(await ours.revokeAllOfClientAndSubject({ clientId: clientId, subject: 'jane' })).toEqual({
      count: 1,
    })
    expect(await actions()).toEqual(['UNAUTHORIZED', 'UNAUTHORIZED', 'OK'])
    const { count } = await theirs.token.management.revoke({
      serviceId,
      tokenRevokeRequest: { clientIdentifier: clientId },
    })
    expect(count).toBe(1)
  })
})
