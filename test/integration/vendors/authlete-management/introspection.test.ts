import { Authlete } from '@authlete/typescript-sdk'
import { describe, expect, it } from 'vitest'
import { authleteTokens, type AuthleteTokens } from '../../../../src/management/index.js'
import { failureOf } from '../../../support/outcomes.js'
import { bothSend, HASH, sdkBed } from './support.js'

describe('what is sent is what their client sends', () => {
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
