import {
  createPrivateKey,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  sign,
  X509Certificate,
  type ED25519KeyPairOptions,
  type KeyObject,
} from 'node:crypto'
import { decodeProtectedHeader } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { ConfigurationError, createVerifier, oauth } from '../../src/index.js'
import { tokenSource, type AssertionSigner, type PrivateKey } from '../../src/client/index.js'
import { oauthTokens } from '../../src/management/index.js'
import { readPrivateKey } from '../../src/model/key/private-key.js'
import { selfSigned } from '../support/servers/certificate.js'
import { clientBed } from '../support/client.js'
import { failureOf } from '../support/outcomes.js'
import { startIssuer } from '../support/test-bed.js'

// PEM in between: exporting a JWK from a key pair that was just generated can deadlock Node 20.
const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048, ...PEM })
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM })
const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384', ...PEM })
const P521 = generateKeyPairSync('ec', { namedCurve: 'P-521', ...PEM })
const ED = generateKeyPairSync('ed25519', PEM)

/** Signs as AWS KMS, Google Cloud KMS and Azure Key Vault do: ECDSA signatures are DER, or the concatenation of JWS. */
const der = (hash: string, key: string) => (data: Uint8Array) =>
  Promise.resolve(createSign(hash).update(data).sign(createPrivateKey(key)))
const jws = (hash: string, key: string) => (data: Uint8Array) =>
  sign(hash, data, { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' })

const KEYS: readonly [string, string, PrivateKey | (() => Promise<PrivateKey>)][] = [
  ['a Buffer of PEM', P256.publicKey, Buffer.from(P256.privateKey)],
  ['a function that reads a file', P256.publicKey, () => Buffer.from(`${P256.privateKey}\n`)],
  ['a KeyObject', ED.publicKey, createPrivateKey(ED.privateKey)],
  ['a signer with RS256', RSA.publicKey, { alg: 'RS256', kid: 'k', sign: der('sha256', RSA.privateKey) }],
  ['a signer with EdDSA', ED.publicKey, { alg: 'EdDSA', sign: (data) => sign(null, data, ED.privateKey) }],
  ...(
    [
      ['ES256', 'sha256', P256],
      ['ES384', 'sha384', P384],
      ['ES512', 'sha512', P521],
    ] as const
  ).flatMap(([alg, hash, { publicKey, privateKey }]): [string, string, PrivateKey][] => [
    [`a signer with ${alg} in DER`, publicKey, { alg, kid: 'k', sign: der(hash, privateKey) }],
    [`a signer with ${alg} in the form of JWS`, publicKey, { alg, sign: jws(hash, privateKey) }],
  ]),
]

describe('private_key_jwt', () => {
  it.each(KEYS)('with %s is accepted by the issuer, for several tokens', async (_, publicKey, privateKey) => {
    const { issuer, source } = await clientBed()
    const { clientId } = issuer.addClient({ publicKey })
    const key = { authentication: 'private_key_jwt', privateKey: privateKey as PrivateKey } as const
    const tokens = source({ clientSecret: undefined, clientId, ...key })
    // An ECDSA integer has a leading zero in one of 256 signatures, so several are made.
    for (let count = 0; count < 8; count += 1)
      expect(await tokens.getToken({ scopes: `s${count}` })).toBeTypeOf('string')
  })

  it('with a signer is accepted for introspection and for oauthTokens', async () => {
    const { issuer, clock } = await clientBed()
    const { clientId } = issuer.addClient({ publicKey: P256.publicKey })
    const privateKey: AssertionSigner = { alg: 'ES256', kid: 'k1', sign: der('sha256', P256.privateKey) }
    const client = { clientId, authentication: 'private_key_jwt', privateKey } as const
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth({ introspection: client }))], clock })
    expect(await verifier.verify(issuer.mintOpaque())).toMatchObject({ format: 'opaque' })
    verifier.close()
    // The clock of management is that of the system.
    const current = await startIssuer({ clock: Date.now })
    current.addClient({ clientId, publicKey: P256.publicKey })
    const tokens = oauthTokens({ issuer: current.url, ...client })
    expect(await tokens.introspect({ token: current.mintOpaque() })).toMatchObject({ active: true })
  })

  it('sends further header members, and the kid of the signer unless keyId is set', async () => {
    const { issuer, source, sent } = await clientBed()
    const { clientId } = issuer.addClient({ publicKey: P256.publicKey })
    const certificate = new X509Certificate(selfSigned('a.test', new Date(0), new Date(2e12)).cert)
    const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString(
      'base64url',
    )
    const signer = { alg: 'ES256', kid: 'of the signer', sign: jws('sha256', P256.privateKey) }
    const key = { authentication: 'private_key_jwt', privateKey: signer } as const
    const header = { assertionHeader: { 'x5t#S256': thumbprint, typ: 'client-authentication+jwt' } }
    await source({ clientSecret: undefined, clientId, ...key, ...header }).getToken()
    await source({ clientSecret: undefined, clientId, ...key, keyId: 'k2' }).getToken()
    const headers = sent.map(({ form }) => decodeProtectedHeader(form.get('client_assertion')!))
    expect(headers).toEqual([
      { alg: 'ES256', typ: 'client-authentication+jwt', kid: 'of the signer', 'x5t#S256': thumbprint },
      { alg: 'ES256', typ: 'JWT', kid: 'k2' },
    ])
  })

  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('hunter2')
      },
      /privateKey\.sign: the function failed/,
    ],
    ['returns a string', () => 'hunter2', /must return a signature of ES256/],
    ['returns a signature of another length', () => Buffer.alloc(63), /must return a signature of ES256/],
    ['returns no bytes', () => Buffer.alloc(0), /must return a signature of ES256/],
    [
      'returns DER that ends early',
      () => Buffer.from([0x30, 6, 2, 1, 1, 2, 9, 1]),
      /must return a signature/,
    ],
  ])('with a signer that %s makes no request', async (_, signData, message) => {
    const { issuer, source } = await clientBed()
    const signer = { alg: 'ES256', sign: signData as AssertionSigner['sign'] }
    const key = { authentication: 'private_key_jwt', privateKey: signer } as const
    const error = await failureOf(source({ clientSecret: undefined, ...key }).getToken())
    expect(error).toMatchObject({ reason: 'credentials_unavailable' })
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('hunter2')
    expect(issuer.calls.token).toBe(0)
  })
})

// In Node 20, to read the details of a key by generateKeyPairSync can stop the process forever.
it('the details of a KeyObject are read from a copy', () => {
  const privateKey = createPrivateKey(P256.privateKey)
  const read = vi.fn()
  Object.defineProperty(privateKey, 'asymmetricKeyDetails', { get: read })
  const { key, algorithm } = readPrivateKey('oauth', privateKey, { algorithm: undefined, keyId: undefined })
  expect(algorithm).toBe('ES256')
  expect((key as KeyObject).equals(createPrivateKey(P256.privateKey))).toBe(true)
  expect(read).not.toHaveBeenCalled()
})

const X25519 = generateKeyPairSync('x25519', PEM).privateKey
const SECP256K1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1', ...PEM }).privateKey
const ENCRYPTED = createPrivateKey(P256.privateKey)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' })
  .toString()

describe('a private key that cannot work is refused at start, with what to write instead', () => {
  it.each<[string, object, RegExp]>([
    [
      'PEM with escaped line breaks',
      { privateKey: P256.privateKey.replaceAll('\n', '\\n') },
      /privateKey: contains escaped line breaks.*key\.replaceAll\('\\\\n', '\\n'\)/,
    ],
    [
      'a Buffer of it',
      { privateKey: Buffer.from(P256.privateKey.replaceAll('\n', '\\n')) },
      /escaped line breaks/,
    ],
    ['PEM without line breaks', { privateKey: RSA.privateKey.replaceAll('\n', ' ') }, /has no line breaks/],
    ['encrypted PEM', { privateKey: ENCRYPTED }, /is encrypted\. Decrypt it with createPrivateKey/],
    ['an X25519 key', { privateKey: X25519 }, /is a key of type x25519, but must be an RSA key/],
    ['a key on another curve', { privateKey: SECP256K1 }, /is an EC key on secp256k1, but must be/],
    [
      'a JWK of an unknown type',
      { privateKey: { kty: 'AKP', alg: 'ML-DSA-44', priv: 'aHVudGVyMg' } },
      /has a kty that is not RSA, EC or OKP, but must be an RSA key/,
    ],
    [
      'a public KeyObject',
      { privateKey: createPublicKey(P256.publicKey) },
      /must be a private key, not a public key/,
    ],
    ['a number', { privateKey: 7 }, /must be a private key: unencrypted PEM, a JWK.*\{ alg, kid\?, sign \}/],
    [
      'a signer without alg',
      { privateKey: { sign: () => Buffer.alloc(64) } },
      /privateKey\.alg: must be one of RS256/,
    ],
    [
      'a signer with HS256',
      { privateKey: { alg: 'HS256', sign: () => Buffer.alloc(64) } },
      /privateKey\.alg: must be/,
    ],
    [
      'another algorithm than the signer',
      { privateKey: { alg: 'ES256', sign: () => Buffer.alloc(64) }, algorithm: 'ES384' },
      /algorithm: must be ES256, as in privateKey/,
    ],
    [
      'alg in assertionHeader',
      { assertionHeader: { alg: 'none' } },
      /assertionHeader\.alg: is set by the option/,
    ],
    [
      'kid in assertionHeader',
      { assertionHeader: { kid: 'a' } },
      /assertionHeader\.kid: is set by the option keyId/,
    ],
    ['crit in assertionHeader', { assertionHeader: { crit: [] } }, /assertionHeader\.crit: is not supported/],
    [
      'a missing thumbprint',
      { assertionHeader: { x5t: undefined } },
      /assertionHeader\.x5t: must be a JSON value/,
    ],
  ])('%s', (_, extra, message) => {
    const client = {
      clientId: 'me',
      authentication: 'private_key_jwt',
      privateKey: P256.privateKey,
      ...extra,
    } as const
    const issuer = 'https://auth.test'
    for (const create of [
      () => tokenSource({ issuer, ...client }),
      () => oauthTokens({ issuer, ...client }),
      () => oauth({ issuer, audience: 'x', introspection: client }),
    ]) {
      expect(create).toThrow(ConfigurationError)
      expect(create).toThrow(message)
      expect(create).not.toThrow(/hunter2|aHVudGVyMg/)
      expect(create).not.toThrow(P256.privateKey.slice(40, 60))
    }
  })
})
