import { describe, expect, it } from 'vitest'
import { TokenSourceError } from '../../../src/client/index.js'
import { api, clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'

it("tokenType: 'any' accepts a response without a token type, or with another one", async () => {
  for (const type of [undefined, 'BearerToken']) {
    const { issuer, source } = await clientBed()
    issuer.fail('token', { body: { access_token: 'abc', token_type: type, expires_in: 60 } })
    expect(await source({ tokenType: 'any' }).getToken()).toBe('abc')
    const error = await failureOf(source().getToken(), TokenSourceError)
    expect(error.message).toContain("tokenType: 'any'")
  }
})

describe('an error', () => {
  it('has the error of a custom fetch as its cause, without secrets', async () => {
    const { source } = await clientBed()
    const tokens = source({
      clientSecret: 'hunter2',
      fetch: () => Promise.reject(new Error('proxy refused hunter2', { cause: new Error('ECONNREFUSED') })),
    })
    const error = await failureOf(tokens.getToken(), TokenSourceError)
    expect((error.cause as Error).message).toBe('Error: proxy refused [secret]')
    expect(((error.cause as Error).cause as Error).message).toContain('ECONNREFUSED')
  })

  it('keeps a known error code although it contains the client secret', async () => {
    const { issuer, source } = await clientBed()
    issuer.fail('token', { status: 401, body: { error: 'invalid_client', error_description: 'client' } })
    const error = await failureOf(source({ clientSecret: 'client' }).getToken(), TokenSourceError)
    expect(error.code).toBe('invalid_client')
    expect(error.message).toContain('([secret])')
  })

  it('of a missing discovery document names both URLs', async () => {
    const { url } = await api(() => ({ status: 404 }))
    const { source } = await clientBed()
    const tokens = source({ issuer: `${url}/tenant`, tokenEndpoint: undefined })
    const { message } = await failureOf(tokens.getToken(), TokenSourceError)
    expect(message).toContain('/tenant/.well-known/openid-configuration')
    expect(message).toContain('/.well-known/oauth-authorization-server/tenant')
  })

  it.each<[string, string]>([
    ['a line break', 'secret\n'],
    ['a line break of Windows', 'secret\r\n'],
  ])('says that a secret ends with %s', async (_, secret) => {
    const { source } = await clientBed()
    expect(() => source({ clientSecret: secret })).toThrow(/ends with a line break.*trim/)
  })

  it.each<[string, unknown, RegExp]>([
    ['a PEM with escaped newlines', '-----BEGIN PRIVATE KEY-----\\nMIIE', /replaceAll/],
    ['an encrypted PEM', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE', /encrypted/],
  ])('says what is wrong with %s', async (_, privateKey, words) => {
    const { source } = await clientBed()
    const options = { clientSecret: undefined, authentication: 'private_key_jwt', privateKey } as const
    expect(() => source(options as never)).toThrow(words)
  })
})

it('clockSkew issues client assertions earlier', async () => {
  const { generateKeyPairSync } = await import('node:crypto')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { source, sent, now } = await clientBed()
  const authentication = 'private_key_jwt'
  const tokens = source({ clientSecret: undefined, authentication, privateKey, clockSkew: '20s' })
  await failureOf(tokens.getToken(), TokenSourceError)
  const [, payload = ''] = sent[0]!.form.get('client_assertion')!.split('.')
  const { iat } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }
  expect(iat).toBe(now() - 20)
})
