import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, oauth, type IntrospectionOptions } from '../../../src/index.js'
import { concurrently, testBed, type TestBed } from '../../support/test-bed.js'

/** The form and the `authorization` header of an introspection request. */
interface SentRequest {
  readonly authorization: string | undefined
  readonly form: Readonly<Record<string, string>>
}

interface RecordingBed extends TestBed {
  readonly requests: readonly SentRequest[]
}

/** A verifier whose introspection requests are recorded. `respond` decides on them in place of the test issuer. */
async function recordingBed(
  introspection: IntrospectionOptions | ((issuer: TestBed['issuer']) => IntrospectionOptions),
  respond?: (request: SentRequest) => object,
): Promise<RecordingBed> {
  const requests: SentRequest[] = []
  const bed = await testBed({
    issuers: (by) => [
      oauth({
        ...by.oauth(),
        introspection: typeof introspection === 'function' ? introspection(by) : introspection,
        fetch: (input, init) => {
          if (!new Request(input).url.endsWith('/introspect')) return fetch(input, init)
          const form = Object.fromEntries(new URLSearchParams(init?.body as string))
          const request = {
            authorization: new Headers(init?.headers).get('authorization') ?? undefined,
            form,
          }
          requests.push(request)
          return respond === undefined ? fetch(input, init) : Promise.resolve(Response.json(respond(request)))
        },
      }),
    ],
  })
  return { ...bed, requests }
}

const ACTIVE = { active: true, sub: 'orders', aud: 'https://api.test' }
const PAIR = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PEM = PAIR.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const JWK = { ...PAIR.privateKey.export({ format: 'jwk' }), kid: 'k1' }
const registered = (by: TestBed['issuer']): { readonly clientId: string } => {
  by.addClient({
    clientId: 'guard',
    publicKey: PAIR.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  })
  return { clientId: 'guard' }
}

describe('introspection.authentication', () => {
  it.each([
    ['without an id', {}, {}],
    ['with an id', { clientId: 'guard' }, { client_id: 'guard' }],
  ])("'none' sends no credentials, %s", async (_, client, named) => {
    const bed = await recordingBed({ authentication: 'none', ...client }, () => ACTIVE)
    await bed.outcome('opaque')
    expect(bed.requests).toEqual([
      { authorization: undefined, form: { token: 'opaque', token_type_hint: 'access_token', ...named } },
    ])
  })

  it.each<[string, IntrospectionOptions]>([
    ['bearerToken', { authentication: 'bearer', bearerToken: 'ory_key' }],
    [
      'bearerToken beside a client id',
      { authentication: 'bearer', bearerToken: 'ory_key', clientId: 'guard' },
    ],
    ['clientSecret', { authentication: 'bearer', clientId: 'guard', clientSecret: 'ory_key' }],
    ['a function as clientSecret', { authentication: 'bearer', clientSecret: () => 'ory_key' }],
  ])("'bearer' sends the token in the header only: %s", async (_, client) => {
    const bed = await recordingBed(client, () => ACTIVE)
    await bed.outcome('opaque')
    expect(bed.requests).toEqual([
      { authorization: 'Bearer ory_key', form: { token: 'opaque', token_type_hint: 'access_token' } },
    ])
  })

  it.each<[string, () => Promise<unknown>]>([
    ['PEM', () => Promise.resolve(PEM)],
    ['a JWK', () => Promise.resolve(JWK)],
    ['a KeyObject', () => Promise.resolve(PAIR.privateKey)],
    [
      'a CryptoKey that cannot be exported',
      () => crypto.subtle.importKey('jwk', JWK, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']),
    ],
    ['a function', () => Promise.resolve(() => Promise.resolve(PEM))],
  ])("'private_key_jwt' with %s is accepted by the issuer, and each assertion is new", async (_, read) => {
    const privateKey = (await read()) as string
    const { issuer, opaque, outcome, requests, now } = await recordingBed((by) => ({
      ...registered(by),
      authentication: 'private_key_jwt',
      privateKey,
    }))
    expect(await outcome(opaque())).toBe('accepted')
    expect(await outcome(opaque())).toBe('accepted')
    const [first, second] = requests.map(({ form }) => decodeJwt(form['client_assertion']!))
    expect(first).toMatchObject({ iss: 'guard', sub: 'guard', aud: issuer.url, iat: Math.floor(now()) })
    expect(first?.jti).not.toBe(second?.jti)
    expect(requests[0]).toMatchObject({ authorization: undefined, form: { client_id: 'guard' } })
    expect(requests[0]?.form).not.toHaveProperty('client_secret')
  })

  it("'private_key_jwt' uses keyId, algorithm and assertionAudience", async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const options = { keyId: 'k7', algorithm: 'PS256', assertionAudience: 'https://zitadel.test' }
    const bed = await recordingBed(
      { authentication: 'private_key_jwt', clientId: 'guard', privateKey, ...options },
      () => ACTIVE,
    )
    await bed.outcome('opaque')
    const assertion = bed.requests[0]!.form['client_assertion']!
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'PS256', typ: 'JWT', kid: 'k7' })
    expect(decodeJwt(assertion).aud).toBe('https://zitadel.test')
  })

  it.each<[string, object, RegExp]>([
    [
      "'none' with a secret",
      { authentication: 'none', clientSecret: 's3cret' },
      /clientSecret: has no effect with authentication: 'none'/,
    ],
    [
      "'bearer' with a token and a secret",
      { authentication: 'bearer', bearerToken: 'x', clientSecret: 'y' },
      /clientSecret: cannot be combined with bearerToken/,
    ],
    [
      "'bearer' with the scheme in the secret",
      { authentication: 'bearer', clientSecret: 'Bearer s3cret' },
      /clientSecret.*must be a bearer token/,
    ],
    [
      "'bearer' without a token",
      { authentication: 'bearer' },
      /bearerToken: is required with authentication: 'bearer'/,
    ],
    [
      "'bearer' with the scheme",
      { authentication: 'bearer', bearerToken: 'Bearer s3cret' },
      /must be a bearer token/,
    ],
    ["'basic' without a secret", { clientId: 'a' }, /clientSecret: is required with authentication: 'basic'/],
    ["'post' without an id", { authentication: 'post', clientSecret: 's3cret' }, /clientId: is required/],
    [
      "'basic' with a key",
      { clientId: 'a', clientSecret: 's3cret', privateKey: PEM },
      /privateKey: has no effect with authentication: 'basic'.*set authentication to 'private_key_jwt'/,
    ],
    [
      "'private_key_jwt' without a key",
      { authentication: 'private_key_jwt', clientId: 'a' },
      /privateKey: is required/,
    ],
    [
      "'private_key_jwt' with a public key",
      { authentication: 'private_key_jwt', clientId: 'a', privateKey: createPublicKey(PEM) },
      /must be a private key, not a public key/,
    ],
    [
      "'private_key_jwt' with an algorithm of another key",
      { authentication: 'private_key_jwt', clientId: 'a', privateKey: PEM, algorithm: 'RS256' },
      /introspection\.algorithm: must be an algorithm of this key: ES256/,
    ],
    [
      'an unknown method',
      { authentication: 'tls', clientId: 'a', clientSecret: 's3cret' },
      /authentication: must be/,
    ],
  ])('%s is refused at start, with a message without the value', (_, introspection, message) => {
    const create = (): unknown =>
      oauth({ issuer: 'https://a.test', audience: 'x', introspection: introspection as IntrospectionOptions })
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(message)
    expect(create).not.toThrow(/s3cret/)
  })
})

describe('a private key as a function', () => {
  it('is read once, and again when the issuer rejects it, without losing a request', async () => {
    let reads = 0
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const { opaque, outcome } = await recordingBed((by) => ({
      ...registered(by),
      authentication: 'private_key_jwt',
      privateKey: () => ((reads += 1) === 1 ? other : PAIR.privateKey),
    }))
    expect(await concurrently(8, () => outcome(opaque()))).toEqual(Array(8).fill('accepted'))
    expect(reads).toBe(2)
  })
})
