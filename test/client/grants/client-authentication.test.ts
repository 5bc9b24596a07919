import { TokenSourceError } from '../../../src/client/index.js'
import {
  createPrivateKey,
  generateKeyPairSync,
  type ED25519KeyPairOptions,
  type JsonWebKey,
} from 'node:crypto'
import { decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { decode } from '../../support/tokens/jwt.js'
import { clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'

// PEM in between: exporting a JWK from a key pair that was just generated can deadlock Node 20.
const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048, ...PEM })
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM })
const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384', ...PEM })
const ED = generateKeyPairSync('ed25519', PEM)
const JWK: JsonWebKey = { ...createPrivateKey(P256.privateKey).export({ format: 'jwk' }), kid: 'of the JWK' }

describe('private_key_jwt', () => {
  it.each([
    ['RSA in PEM', RSA, RSA.privateKey, undefined, 'RS256'],
    ['RSA with PS256', RSA, RSA.privateKey, 'PS256', 'PS256'],
    ['P-256 as a KeyObject', P256, createPrivateKey(P256.privateKey), undefined, 'ES256'],
    ['P-256 as a JWK', P256, JWK, undefined, 'ES256'],
    ['P-384', P384, P384.privateKey, undefined, 'ES384'],
    ['Ed25519', ED, ED.privateKey, undefined, 'EdDSA'],
    ['Ed25519 by its own name', ED, ED.privateKey, 'Ed25519', 'Ed25519'],
  ])(
    'with %s signs an assertion that the issuer accepts',
    async (_, { publicKey }, privateKey, algorithm, expected) => {
      const { issuer, source, sent, clock } = await clientBed()
      const { clientId } = issuer.addClient({ publicKey })
      const options = {
        clientId,
        clientSecret: undefined,
        authentication: 'private_key_jwt',
        privateKey,
      } as const
      const tokens = source({ ...options, issuer: issuer.url, tokenEndpoint: undefined, algorithm })
      await tokens.getToken({ scopes: 'a' })
      await tokens.getToken({ scopes: 'b' })
      const [first, second] = sent.filter(({ method }) => method === 'POST').map(({ form }) => form)
      expect(first!.get('client_assertion_type')).toBe(
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      )
      expect(first!.has('client_secret')).toBe(false)
      const { header, claims } = decode(first!.get('client_assertion')!)
      expect(header['alg']).toBe(expected)
      expect(header['kid']).toBe(privateKey === JWK ? 'of the JWK' : undefined)
      const now = clock() / 1000
      expect(claims).toEqual({
        iss: clientId,
        sub: clientId,
        aud: issuer.url,
        iat: now,
        exp: now + 60,
        jti: expect.any(String) as string,
      })
      expect(decode(second!.get('client_assertion')!).claims['jti']).not.toBe(claims['jti'])
    },
  )

  it('has the token endpoint as audience without an issuer, or the configured audience', async () => {
    const { issuer, source, sent } = await clientBed()
    const { clientId } = issuer.addClient({ publicKey: P256.publicKey })
    const options = {
      clientId,
      clientSecret: undefined,
      authentication: 'private_key_jwt',
      privateKey: () => Promise.resolve(P256.privateKey),
      keyId: 'mine',
    } as const
    await source(options).getToken()
    await source({ ...options, assertionAudience: issuer.url }).getToken()
    const assertions = sent.map(({ form }) => form.get('client_assertion')!)
    expect(assertions.map((jwt) => decode(jwt).claims['aud'])).toEqual([`${issuer.url}/token`, issuer.url])
    expect(decodeProtectedHeader(assertions[0]!)).toMatchObject({ kid: 'mine', typ: 'JWT' })
  })

  it('with an unregistered key is credentials_refused', async () => {
    const { issuer, source } = await clientBed()
    const { clientId } = issuer.addClient({ publicKey: P256.publicKey })
    const options = { clientId, clientSecret: undefined, authentication: 'private_key_jwt' } as const
    const error = await failureOf(
      source({ ...options, privateKey: ED.privateKey }).getToken(),
      TokenSourceError,
    )
    expect(error).toMatchObject({ reason: 'credentials_refused', code: 'invalid_client', status: 401 })
  })
})

describe('a secret', () => {
  it.each<[string, (secret: string) => string | Promise<string> | (() => string | Promise<string>)]>([
    ['a string', (secret) => secret],
    ['a promise', (secret) => Promise.resolve(secret)],
    ['a function', (secret) => () => secret],
    ['a function of a promise', (secret) => () => Promise.resolve(secret)],
  ])('may be %s', async (_, wrap) => {
    const { issuer, source, clerkSource } = await clientBed()
    expect(await source({ clientSecret: wrap(issuer.client.clientSecret) }).getToken()).toBeTypeOf('string')
    const machineSecretKey = wrap(issuer.clerkMachines.sender.secretKey)
    expect(await clerkSource({ machineSecretKey }).getToken()).toMatch(/^mt_/)
  })

  it('as a function is called for every token request', async () => {
    const { issuer, source } = await clientBed()
    const { clientId, clientSecret } = issuer.client
    let current = clientSecret
    const tokens = source({ clientSecret: () => current })
    await tokens.getToken()
    issuer.addClient({ clientId, clientSecret: 'rotated' })
    current = 'rotated'
    expect(await tokens.getToken({ scopes: 'a' })).toBeTypeOf('string')
    expect(issuer.calls.token).toBe(2)
  })

  it('that was rotated during the request is read again and tried once', async () => {
    const { issuer, source } = await clientBed()
    const { clientId } = issuer.addClient({ clientId: 'x', clientSecret: 'new' })
    const secrets = ['old', 'new', 'newer']
    let reads = 0
    const tokens = source({ clientId, clientSecret: () => secrets[reads++]! })
    expect(await tokens.getToken()).toBeTypeOf('string')
    expect([reads, issuer.calls.token]).toEqual([2, 2])
  })

  it.each<[string, string | (() => string), number]>([
    ['that is the same when read again is not sent again', () => 'wrong', 1],
    ['that cannot have changed is not sent again', 'wrong', 1],
    ['is tried at most twice', wrongEachTime(), 2],
  ])('%s', async (_, clientSecret, calls) => {
    const { issuer, source } = await clientBed()
    const error = await failureOf(source({ clientSecret }).getToken(), TokenSourceError)
    expect(error).toMatchObject({ reason: 'credentials_refused', code: 'invalid_client', status: 401 })
    expect(issuer.calls.token).toBe(calls)
  })

  it('that cannot be read is credentials_unavailable and causes no request', async () => {
    const { issuer, source } = await clientBed()
    const broken = [
      () => Promise.reject(new Error('the vault says hunter2')),
      () => {
        throw new Error('hunter2')
      },
      () => '',
      () => undefined as unknown as string,
      Promise.reject<string>(new Error('hunter2')),
    ]
    for (const clientSecret of broken) {
      const error = await failureOf(source({ clientSecret }).getToken(), TokenSourceError)
      expect(error.reason).toBe('credentials_unavailable')
      expect(error.message).toContain('tokenSource.clientSecret')
      expect(error.message).not.toContain('hunter2')
    }
    expect(issuer.calls.token).toBe(0)
  })
})

function wrongEachTime(): () => string {
  let reads = 0
  return () => `wrong ${(reads += 1)}`
}
