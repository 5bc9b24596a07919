import { describe, expect, it } from 'vitest'
import { ConfigurationError, oauth } from '../../src/index.js'
import { tokenSource, type TokenSourceOptions } from '../../src/client/index.js'
import { oauthTokens } from '../../src/management/index.js'
import { clientBed } from '../support/client.js'

const JWT = 'eyJhbGciOiJub25lIn0.e30.hunter2'
const SECRET = 'hunter2'

describe('options that cannot work are refused at start, with what to write instead', () => {
  it.each<[string, object, RegExp]>([
    [
      'a secret beside an assertion',
      { clientSecret: SECRET, clientAssertion: JWT },
      /clientSecret: cannot be combined with clientAssertion\. Leave out the secret, or leave out clientAssertion/,
    ],
    [
      'a key beside an assertion',
      { authentication: 'private_key_jwt', privateKey: SECRET, clientAssertion: JWT },
      /privateKey: cannot be combined with clientAssertion/,
    ],
    [
      'an algorithm beside an assertion',
      { clientAssertion: JWT, algorithm: 'ES256' },
      /algorithm: has no effect with clientAssertion/,
    ],
    [
      'an assertion with basic',
      { authentication: 'basic', clientAssertion: JWT, clientSecret: undefined },
      /clientSecret: is required with authentication: 'basic'/,
    ],
    [
      'an assertion that is not a JWT',
      { clientAssertion: SECRET },
      /clientAssertion: must be a JWT: three parts of base64url/,
    ],
    [
      'a secret that ends with a line break',
      { clientSecret: `${SECRET}\n` },
      /clientSecret: ends with a line break\. Remove it with \.trim\(\)/,
    ],
    ['with a carriage return', { clientSecret: `${SECRET}\r\n` }, /clientSecret: ends with a line break/],
    [
      'a secret in spaces',
      { clientSecret: ` ${SECRET}` },
      /clientSecret: must not begin or end with white space/,
    ],
    [
      'a secret with a function',
      { authentication: () => ({}), clientSecret: SECRET },
      /clientSecret: has no effect with a function as authentication\. Leave it out, or set authentication to 'basic'/,
    ],
    [
      "a secret with 'none'",
      { authentication: 'none', clientSecret: SECRET },
      /clientSecret: has no effect with authentication: 'none'/,
    ],
    [
      'no client id',
      { clientId: undefined, clientSecret: SECRET },
      /clientId: is required with authentication/,
    ],
    [
      'tls_client_auth without a certificate',
      { authentication: 'tls_client_auth' },
      /clientCertificate: is required with authentication: 'tls_client_auth', unless a custom fetch/,
    ],
    [
      'tls_client_auth with a secret',
      { authentication: 'tls_client_auth', clientSecret: SECRET, clientCertificate: () => ({}) },
      /clientSecret: has no effect with authentication: 'tls_client_auth'/,
    ],
    [
      'a certificate with a custom fetch',
      { authentication: 'tls_client_auth', clientCertificate: () => ({}), fetch },
      /clientCertificate: has no effect with a custom fetch/,
    ],
    [
      'a certificate as a path',
      { authentication: 'tls_client_auth', clientCertificate: '/run/tls.pem' },
      /clientCertificate: must be \{ cert, key \} in PEM form, or a function/,
    ],
    ['an unknown name', { authentication: 'client_secret_basic' }, /authentication: must be 'basic', 'post'/],
  ])('%s', (_, extra, message) => {
    const issuer = 'https://auth.test'
    const options = Object.entries({ clientId: 'me', ...extra }).filter(([, value]) => value !== undefined)
    const { fetch: custom, ...client } = Object.fromEntries(options) as { fetch?: typeof fetch }
    const rest = custom === undefined ? {} : { fetch: custom }
    for (const create of [
      () => tokenSource({ issuer, ...rest, ...client } as TokenSourceOptions),
      () => oauthTokens({ issuer, ...rest, ...client } as never),
      () => oauth({ issuer, audience: 'x', ...rest, introspection: client as never }),
    ]) {
      expect(create).toThrow(ConfigurationError)
      expect(create).toThrow(message)
      expect(create).not.toThrow(/hunter2/)
    }
  })
})

describe('a secret that is read from a file', () => {
  it.each<[string, (secret: string) => () => string | Promise<string>]>([
    ['with a line break', (secret) => () => `${secret}\n`],
    ['with a line break of Windows, later', (secret) => () => Promise.resolve(`${secret}\r\n`)],
  ])('%s is sent without it', async (_, read) => {
    const { issuer, source } = await clientBed()
    const { clientSecret } = issuer.client
    expect(await source({ clientSecret: read(clientSecret) }).getToken()).toBeTypeOf('string')
    const { clientId } = issuer.client
    const tokens = oauthTokens({ issuer: issuer.url, clientId, clientSecret: read(clientSecret) })
    expect(await tokens.introspect({ token: issuer.mintOpaque() })).toMatchObject({ active: true })
  })

  it('as a promise is sent without it', async () => {
    const { issuer, source } = await clientBed()
    const clientSecret = Promise.resolve(`${issuer.client.clientSecret}\n`)
    expect(await source({ clientSecret }).getToken()).toBeTypeOf('string')
  })
})

describe("authentication: 'none'", () => {
  it.each([
    ['the client id in the form', { clientId: 'me' }, { client_id: 'me' }],
    ['nothing', { clientId: undefined }, {}],
  ])('sends %s', async (_, client, named) => {
    const { source, sent } = await clientBed()
    await source({ ...client, clientSecret: undefined, authentication: 'none' })
      .getToken()
      .catch(() => undefined)
    expect(Object.fromEntries(sent[0]!.form)).toEqual({ grant_type: 'client_credentials', ...named })
    expect(sent[0]!.headers.get('authorization')).toBeNull()
  })
})
