import { createPrivateKey, generateKeyPairSync, type ED25519KeyPairOptions } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import {
  TokenSourceError,
  tokenSource,
  type TokenSource,
  type ClientAuthenticationCombination,
} from '../../src/client/index.js'
import { failureOf } from '../support/outcomes.js'

// PEM in between: exporting a JWK from a key pair that was just generated can deadlock Node 20.
const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}
const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048, ...PEM }).privateKey
const clientKey = generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM }).privateKey
const strangeKey = generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM }).privateKey
// What a form encodes: credentials are to arrive whole whatever they are made of.
const SECRET = 'caller: 100% + a secret & more'
const ORDERS = 'https://orders.test'

let server: Server
let issuer: string
const requests: string[] = []

/** A certified authorization server that nobody here wrote. */
beforeAll(async () => {
  server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const { Provider } = await import('oidc-provider')
  const callback = new Provider(issuer, configuration()).callback()
  warn.mockRestore()
  server.on('request', (request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    callback(request, response)
  })
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function configuration(): Readonly<Record<string, unknown>> {
  const client = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }
  const publicJwk = { ...createPrivateKey(clientKey).export({ format: 'jwk' }), d: undefined }
  const { d: _, ...key } = publicJwk
  return {
    clients: [
      { ...client, client_id: 'a basic/client', client_secret: SECRET },
      {
        ...client,
        client_id: 'post',
        client_secret: SECRET,
        token_endpoint_auth_method: 'client_secret_post',
      },
      { ...client, client_id: 'idle', client_secret: SECRET, grant_types: [] },
      {
        ...client,
        client_id: 'key',
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: [key] },
      },
    ],
    jwks: { keys: [{ ...createPrivateKey(rsaKey).export({ format: 'jwk' }), use: 'sig' }] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, audience: string) => ({
          scope: 'orders:read orders:write',
          audience,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    scopes: ['orders:read', 'orders:write'],
    ttl: { ClientCredentials: 600 },
    cookies: { keys: ['unused'] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'RS256'] },
  }
}

function source(options: ClientAuthenticationCombination): TokenSource {
  const tokens = tokenSource({ issuer, resource: ORDERS, scopes: 'orders:read', ...options })
  onTestFinished(() => tokens.close())
  requests.length = 0
  return tokens
}

const WAYS: readonly [string, ClientAuthenticationCombination][] = [
  ['basic', { clientId: 'a basic/client', clientSecret: SECRET }],
  ['post', { clientId: 'post', clientSecret: SECRET, authentication: 'post' }],
  ['private_key_jwt', { clientId: 'key', privateKey: clientKey, authentication: 'private_key_jwt' }],
]

describe('at a real authorization server', () => {
  it.each(WAYS)('%s gets tokens that the guard accepts', async (_, options) => {
    const tokens = source(options)
    const verifier = createVerifier({ issuers: [oauth({ issuer, audience: ORDERS })] })
    onTestFinished(() => verifier.close())
    const token = await tokens.getToken()
    expect(await verifier.verify(token, { scopes: 'orders:read' })).toMatchObject({
      clientId: options.clientId,
      audience: [ORDERS],
      scopes: ['orders:read'],
    })
    const other = await tokens.getToken({ scopes: ['orders:write', 'orders:read'] })
    await verifier.verify(other, { scopes: 'orders:read orders:write' })
    expect(await tokens.getToken()).toBe(token)
    expect(requests.filter((line) => line.startsWith('POST'))).toEqual(['POST /token', 'POST /token'])
  })

  it.each<[string, ClientAuthenticationCombination]>([
    ['a wrong secret', { clientId: 'a basic/client', clientSecret: 'wrong' }],
    ['an unknown client', { clientId: 'nobody', clientSecret: SECRET }],
    ['a secret where a key is registered', { clientId: 'key', clientSecret: SECRET }],
    ['an unregistered key', { clientId: 'key', privateKey: strangeKey, authentication: 'private_key_jwt' }],
  ])('%s is credentials_refused', async (_, options) => {
    const error = await failureOf(source(options).getToken(), TokenSourceError)
    expect(error).toMatchObject({ reason: 'credentials_refused', code: 'invalid_client', status: 401 })
    expect(error.message).not.toContain(SECRET)
  })

  it('a client without the grant is request_refused', async () => {
    const error = await failureOf(
      source({ clientId: 'idle', clientSecret: SECRET }).getToken(),
      TokenSourceError,
    )
    expect(error).toMatchObject({ reason: 'request_refused', status: 400 })
  })
})
