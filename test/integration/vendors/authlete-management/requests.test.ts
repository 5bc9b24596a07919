import { describe, expect, it } from 'vitest'
import type { AuthleteTokens } from '../../../../src/management/index.js'
import { hashOf } from '../../../support/management.js'
import { START } from '../../../support/clock.js'
import { bothSend, HASH, sdkBed } from './support.js'

describe('what is sent is what their client sends', () => {
  it('list', async () => {
    const bed = await sdkBed()
    const [clientId, range] = ['a b/c', { subject: 'jo&hn', start: 2, end: 7 }]
    const sent = await bothSend(
      bed,
      () => bed.ours.list({ clientId, ...range }),
      () =>
        bed.theirs.token.management.list({ serviceId: bed.serviceId, clientIdentifier: clientId, ...range }),
    )
    expect(sent.path).toBe(`/authlete/api/${bed.serviceId}/auth/token/get/list`)
  })

  it('create, with every member', async () => {
    const bed = await sdkBed()
    const shared = {
      grantType: 'AUTHORIZATION_CODE',
      clientId: Number(bed.clientId),
      subject: 'john',
      scopes: ['a', 'b'],
      properties: [
        { key: 'tenant', value: 't1', hidden: true },
        { key: 'note', value: '' },
      ],
      clientIdAliasUsed: false,
      refreshToken: 'preset-refresh-token',
      certificateThumbprint: THUMBPRINT,
      dpopKeyThumbprint: HASH,
      resources: ['https://api.test'],
      forExternalAttachment: false,
      acr: 'gold',
      authTime: START / 1000,
      clientEntityIdUsed: false,
      sessionId: 'session-1',
    } as const
    const detail = {
      type: 'payment',
      locations: ['https://bank.test'],
      actions: ['read'],
      dataTypes: ['iban'],
    }
    const more = { ...detail, identifier: 'i', privileges: ['admin'] }
    const { properties, scopes, resources, ...plain } = shared
    const lists = { properties: [...properties], scopes: [...scopes], resources: [...resources] }
    await bothSend(
      bed,
      () =>
        bed.ours.create({
          ...shared,
          token: 'preset-access-token',
          expiresIn: '1h',
          refreshTokenExpiresIn: '7d',
          authorizationDetails: [{ ...more, otherFields: { max: 5 } }],
          jwtClaims: { region: 'eu' },
        }),
      () =>
        bed.theirs.token.management.create({
          serviceId: bed.serviceId,
          tokenCreateRequest: {
            ...plain,
            ...lists,
            accessToken: 'preset-access-token',
            accessTokenDuration: 3600,
            refreshTokenDuration: 604_800,
            authorizationDetails: { elements: [{ ...more, otherFields: '{"max":5}' }] },
            jwtAtClaims: '{"region":"eu"}',
          },
        }),
    )
  })

  it('update, with every member', async () => {
    const bed = await sdkBed()
    const shared = {
      certificateThumbprint: THUMBPRINT,
      dpopKeyThumbprint: HASH,
      forExternalAttachment: true,
    }
    const properties = [{ key: 'tenant', value: 't1' }]
    await bothSend(
      bed,
      () =>
        bed.ours.update({
          ...shared,
          token: 'some-token',
          replaceToken: true,
          resetExpiryOnScopeChange: true,
          resetRefreshTokenExpiryOnScopeChange: false,
          properties,
          scopes: 'a b',
          expiresAt: START / 1000 + 60.5,
          refreshTokenExpiresAt: START / 1000 + 120,
          authorizationDetails: [{ type: 'payment' }],
        }),
      () =>
        bed.theirs.token.management.update({
          serviceId: bed.serviceId,
          tokenUpdateRequest: {
            ...shared,
            accessToken: 'some-token',
            accessTokenValueUpdated: true,
            accessTokenExpiresAtUpdatedOnScopeUpdate: true,
            refreshTokenExpiresAtUpdatedOnScopeUpdate: false,
            properties,
            scopes: ['a', 'b'],
            accessTokenExpiresAt: START + 60_500,
            refreshTokenExpiresAt: START + 120_000,
            authorizationDetails: { elements: [{ type: 'payment' }] },
          },
        }),
    )
  })

  it.each(['some-token', 'a/b?c#d%2F+é', '…/../x'])('delete, of %s', async (token) => {
    const bed = await sdkBed()
    const accessTokenIdentifier = token
    const { path } = await bothSend(
      bed,
      () => bed.ours.delete({ token }),
      () => bed.theirs.token.management.delete({ serviceId: bed.serviceId, accessTokenIdentifier }),
    )
    expect(path.split('/')).toHaveLength(8)
  })

  it.each([
    [
      'accessTokenIdentifier',
      (ours: AuthleteTokens) => ours.revoke({ token: 'x' }),
      { accessTokenIdentifier: 'x' },
    ],
    ['its hash', (ours: AuthleteTokens) => ours.revoke({ tokenHash: HASH }), { accessTokenIdentifier: HASH }],
    [
      'refreshTokenIdentifier',
      (ours: AuthleteTokens) => ours.revoke({ refreshToken: 'x' }),
      { refreshTokenIdentifier: 'x' },
    ],
    [
      'clientIdentifier',
      (ours: AuthleteTokens) => ours.revokeAllOfClient({ clientId: 'x' }),
      { clientIdentifier: 'x' },
    ],
    [
      'clientIdentifier and subject',
      (ours: AuthleteTokens) => ours.revokeAllOfClientAndSubject({ clientId: 'x', subject: 'y' }),
      { clientIdentifier: 'x', subject: 'y' },
    ],
    ['subject', (ours: AuthleteTokens) => ours.revokeAllOfSubject({ subject: 'y' }), { subject: 'y' }],
  ])('revoke, by %s', async (_, ours, tokenRevokeRequest) => {
    const bed = await sdkBed()
    await bothSend(
      bed,
      () => ours(bed.ours),
      () => bed.theirs.token.management.revoke({ serviceId: bed.serviceId, tokenRevokeRequest }),
    )
  })

  it('reissueIdToken', async () => {
    const bed = await sdkBed()
    const ours = { token: 'a', refreshToken: 'r', subject: 'john', audienceFormat: 'string' } as const
    const theirs = { accessToken: 'a', refreshToken: 'r', sub: 'john', idTokenAudType: 'string' } as const
    await bothSend(
      bed,
      () => bed.ours.reissueIdToken({ ...ours, claims: { a: 1 }, header: { b: 2 } }),
      () =>
        bed.theirs.token.management.reissueIdToken({
          serviceId: bed.serviceId,
          idtokenReissueRequest: { ...theirs, claims: '{"a":1}', idtHeaderParams: '{"b":2}' },
        }),
    )
  })
})

const THUMBPRINT = hashOf('some certificate')
