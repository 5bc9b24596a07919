import { Authlete } from '@authlete/typescript-sdk'
import { HTTPClient } from '@authlete/typescript-sdk/lib/http.js'
import { describe, expect, it } from 'vitest'
import { authleteTokens, type AuthleteTokens } from '../../../src/management/index.js'
import { hashOf } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'
import { testBed, type TestBed, type TestBedOptions } from '../../support/test-bed.js'
import { START } from '../../support/clock.js'

/** A request as it went out. */
interface Sent {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly authorization: string | null
  readonly type: string | null
  readonly body: unknown
}

interface AuthleteSdkBed extends TestBed {
  readonly ours: AuthleteTokens
  readonly theirs: Authlete
  readonly serviceId: string
  readonly clientId: string
  /** What each of them sent, in order. */
  readonly sentByUs: Sent[]
  readonly sentByThem: Sent[]
}

/** Both clients against one test issuer, each with its requests written down. */
async function sdkBed(testIssuer: TestBedOptions['testIssuer'] = {}): Promise<AuthleteSdkBed> {
  const bed = await testBed({ testIssuer })
  const { issuer } = bed
  const { serviceId, serviceAccessToken, clientId } = issuer.authleteService
  const [sentByUs, sentByThem]: [Sent[], Sent[]] = [[], []]
  const ours = authleteTokens({
    serviceId,
    serviceAccessToken,
    apiUrl: issuer.endpoints.authlete,
    fetch: recording(sentByUs),
  })
  const httpClient = new HTTPClient({ fetcher: recording(sentByThem) })
  const theirs = new Authlete({
    bearer: serviceAccessToken,
    serverURL: issuer.endpoints.authlete,
    httpClient,
  })
  return { ...bed, ours, theirs, serviceId, clientId, sentByUs, sentByThem }
}

function recording(sent: Sent[]): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { pathname, searchParams } = new URL(request.url)
    const text = await request.clone().text()
    sent.push({
      method: request.method,
      path: pathname,
      query: Object.fromEntries(searchParams),
      authorization: request.headers.get('authorization'),
      // A body without content has no type worth comparing.
      type: text === '' ? null : request.headers.get('content-type'),
      body: text === '' ? undefined : JSON.parse(text),
    })
    return fetch(request)
  }
}

/** Two calls, one by each: what they sent is the same, member by member. */
async function bothSend(
  bed: AuthleteSdkBed,
  ours: () => PromiseLike<unknown>,
  theirs: () => Promise<unknown>,
): Promise<Sent> {
  bed.sentByUs.length = 0
  bed.sentByThem.length = 0
  // The result of the call does not matter: the second may have no effect.
  await Promise.allSettled([Promise.resolve().then(ours), Promise.resolve().then(theirs)])
  expect(bed.sentByUs).toEqual(bed.sentByThem)
  expect(bed.sentByUs).toHaveLength(1)
  return bed.sentByUs[0]!
}

const HASH = hashOf('some-token')
const THUMBPRINT = hashOf('some certificate')

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

  it('introspect and introspectStandard', async () => {
    const bed = await sdkBed()
    const shared = {
      token: 'some-token',
      subject: 'john',
      clientCertificate: '-----BEGIN CERTIFICATE-----',
      dpop: 'a.b.c',
      htm: 'GET',
      htu: 'https://api.test/orders',
      dpopNonceRequired: true,
      targetUri: 'https://api.test/orders?a=b',
      requestBodyContained: false,
    }
    const lists = {
      resources: ['https://api.test'],
      acrValues: ['gold'],
      headers: [{ key: 'a', value: 'b' }],
    }
    await bothSend(
      bed,
      () => bed.ours.introspect({ ...shared, ...lists, scopes: 'a b', maxAge: '5m' }),
      () =>
        bed.theirs.introspection.process({
          serviceId: bed.serviceId,
          introspectionRequest: { ...shared, ...lists, scopes: ['a', 'b'], maxAge: 300 },
        }),
    )
    const keys = {
      sharedKeyForSign: 'k1',
      sharedKeyForEncryption: 'k2',
      publicKeyForEncryption: '{"kty":"EC"}',
    }
    await bothSend(
      bed,
      () =>
        bed.ours.introspectStandard({
          ...keys,
          token: 'a+b&c',
          tokenTypeHint: 'access_token',
          includeHiddenProperties: true,
          resourceServerUri: 'https://api.test',
          accept: 'application/json',
          signatureAlgorithm: 'ES256',
          encryptionAlgorithm: 'RSA_OAEP_256',
          contentEncryptionAlgorithm: 'A256GCM',
        }),
      () =>
        bed.theirs.introspection.standardProcess({
          serviceId: bed.serviceId,
          standardIntrospectionRequest: {
            ...keys,
            withHiddenProperties: true,
            rsUri: 'https://api.test',
            httpAcceptHeader: 'application/json',
            introspectionSignAlg: 'ES256',
            introspectionEncryptionAlg: 'RSA_OAEP_256',
            introspectionEncryptionEnc: 'A256GCM',
            parameters: 'token=a%2Bb%26c&token_type_hint=access_token',
          },
        }),
    )
  })
})

describe('what their client cannot send is as the documents have it', () => {
  it.each<[string, (ours: AuthleteTokens) => Promise<unknown>, string, object]>([
    [
      'create, by the alias of the client, without an expiry',
      (ours) =>
        ours.create({
          grantType: 'CLIENT_CREDENTIALS',
          clientId: 'billing',
          neverExpires: true,
          metadataDocumentUsed: true,
        }),
      'create',
      {
        grantType: 'CLIENT_CREDENTIALS',
        clientIdentifier: 'billing',
        accessTokenPersistent: true,
        metadataDocumentUsed: true,
      },
    ],
    [
      'create, for a client whose number JSON would round',
      (ours) => ours.create({ grantType: 'CLIENT_CREDENTIALS', clientId: '9007199254740993' }),
      'create',
      { grantType: 'CLIENT_CREDENTIALS', clientIdentifier: '9007199254740993' },
    ],
    [
      'update, by the hash alone',
      (ours) => ours.update({ tokenHash: HASH, scopes: [] }),
      'update',
      { accessTokenHash: HASH, scopes: [] },
    ],
    [
      'update, by the id alone',
      (ours) => ours.update({ tokenId: 'id', neverExpires: true }),
      'update',
      { tokenId: 'id', accessTokenPersistent: true },
    ],
  ])('%s', async (_, send, path, body) => {
    const bed = await sdkBed()
    await failureOf(send(bed.ours))
    const authorization = `Bearer ${bed.issuer.authleteService.serviceAccessToken}`
    expect(bed.sentByUs).toEqual([
      {
        method: 'POST',
        path: `/authlete/api/${bed.serviceId}/auth/token/${path}`,
        query: {},
        authorization,
        type: 'application/json',
        body,
      },
    ])
  })
})

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

describe('a failure', () => {
  it('of the call is an error to both, with the same status and code', async () => {
    const { issuer, serviceId, clientId } = await sdkBed()
    const { authlete } = issuer.endpoints
    const options = { serviceId, serviceAccessToken: 'wrong', apiUrl: authlete }
    const mine = await failureOf(authleteTokens(options).revokeAllOfClient({ clientId }))
    const wrong = new Authlete({ bearer: 'wrong', serverURL: authlete })
    const request = { serviceId, tokenRevokeRequest: { clientIdentifier: clientId } }
    expect(await failureOf(wrong.token.management.revoke(request))).toMatchObject({
      statusCode: (mine as { readonly status?: number }).status,
      resultCode: (mine as { readonly code?: string }).code,
    })
  })

  it('that is reported in a 200 is an error here; in their client it is an action to check', async () => {
    const { ours, theirs, serviceId } = await sdkBed()
    const tokenUpdateRequest = { accessToken: 'unknown', scopes: ['a'] }
    const response = await theirs.token.management.update({ serviceId, tokenUpdateRequest })
    expect(response.action).toBe('NOT_FOUND')
    const error = await failureOf(ours.update({ token: 'unknown', scopes: ['a'] }))
    expect(error).toMatchObject({ status: 200, code: response.resultCode })
  })
})
