import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { clerk, ConfigurationError, createVerifier, oauth, type Issuer } from '../../src/index.js'

type KeySource = NonNullable<NonNullable<Issuer['jwt']>['keys']>

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const GOOD = EC.publicKey.export({ format: 'jwk' })
const PEM = EC.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const PRIVATE_PEM = EC.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const SHORT = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
const X25519 = generateKeyPairSync('x25519').publicKey

const UNUSABLE: readonly (readonly [string, readonly unknown[]])[] = [
  ['no key', []],
  ['a symmetric key', [{ kty: 'oct', k: 'c2VjcmV0' }]],
  ['a private key', [EC.privateKey.export({ format: 'jwk' })]],
  ['a key for encryption', [{ ...GOOD, use: 'enc' }]],
  ['a point that is not on its curve', [{ ...GOOD, x: GOOD.y, y: GOOD.x }]],
  ['coordinates of a wrong length', [{ ...GOOD, x: 'AA', y: 'AA' }]],
  ['an RSA key of 1024 bits', [SHORT.export({ format: 'jwk' })]],
  ['an algorithm of another type', [{ ...GOOD, alg: 'RS256' }]],
]

const UNUSABLE_PEM: readonly (readonly [string, string])[] = [
  ['a string that is not PEM', 'key'],
  ['PEM that cannot be read', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
  ['a private key', PRIVATE_PEM],
  ['an RSA key of 1024 bits', SHORT.export({ format: 'pem', type: 'spki' }).toString()],
  ['a key that signs nothing', X25519.export({ format: 'pem', type: 'spki' }).toString()],
]

describe('configured keys without a usable key are refused at start', () => {
  it.each(UNUSABLE)('a key set of %s', (_, keys) => {
    expect(optionOf(() => withJwks({ keys }))).toBe('oauth.jwks')
    expect(optionOf(() => custom({ kind: 'static', jwks: { keys } }))).toBe('issuers[0].jwt.keys.jwks')
  })

  it.each(UNUSABLE_PEM)('%s', (_, pem) => {
    expect(optionOf(() => oauth({ issuer: 'https://a.test', audience: 'x', publicKey: pem }))).toBe(
      'oauth.publicKey',
    )
    expect(optionOf(() => withJwtKey(pem))).toBe('clerk.jwtKey')
    expect(optionOf(() => custom({ kind: 'pem', pem }))).toBe('issuers[0].jwt.keys.pem')
  })

  it('one usable key among others is enough', () => {
    const jwks = { keys: [...UNUSABLE.flatMap(([, keys]) => keys), GOOD] }
    expect(() => withJwks(jwks)).not.toThrow()
    expect(() => custom({ kind: 'static', jwks })).not.toThrow()
    expect(() => custom({ kind: 'pem', pem: PEM })).not.toThrow()
    expect(() => withJwtKey(PEM)).not.toThrow()
  })
})

function withJwks(jwks: { readonly keys: readonly unknown[] }): Issuer {
  return oauth({ issuer: 'https://a.test', audience: 'x', jwks })
}

function withJwtKey(jwtKey: string): Issuer {
  return clerk({ machineSecretKey: 'ak_1', jwtAccess: 'any-machine', issuer: 'https://clerk.test', jwtKey })
}

function custom(keys: KeySource): unknown {
  const good = withJwks({ keys: [GOOD] })
  return createVerifier({ issuers: [{ ...good, jwt: { ...good.jwt!, keys } }] })
}

function optionOf(make: () => unknown): string | undefined {
  try {
    make()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return (error as ConfigurationError).option
  }
}
