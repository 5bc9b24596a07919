import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type ED25519KeyPairOptions,
  type KeyObject,
} from 'node:crypto'

/** Signature algorithms of the test issuer. */
export type SigningAlgorithm = keyof typeof ALGORITHMS

/** A published key: a public JWK (RFC 7517). */
export interface PublishedKey {
  /** Key id, which the header of a JWT names (RFC 7517 section 4.5). */
  readonly kid: string
  /** Signature algorithm of the key, such as `RS256` (RFC 7517 section 4.4). */
  readonly alg: string
  /** Use of the key: signatures (RFC 7517 section 4.2), or JWT-SVIDs in the bundle of a SPIFFE trust domain. */
  readonly use: 'sig' | 'jwt-svid'
  /** Key type, such as `RSA`, `EC` or `OKP` (RFC 7517 section 4.1). */
  readonly kty: string
  readonly [member: string]: unknown
}

/** A key that the test issuer can sign with. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly publicKeyPem: string
  readonly jwk: PublishedKey
}

interface AlgorithmDetails {
  readonly make: () => { readonly publicKey: string; readonly privateKey: string }
  readonly hash: string | null
  readonly options: Readonly<Record<string, unknown>>
}

// PEM in between: exporting a JWK from a key pair that was just generated can deadlock Node 20.
const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}

function rsa(bits: number, pss: boolean): AlgorithmDetails {
  return {
    make: () => generateKeyPairSync('rsa', { modulusLength: 2048, ...PEM }),
    hash: `sha${bits}`,
    options: pss
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { padding: constants.RSA_PKCS1_PADDING },
  }
}

function ecdsa(bits: number, namedCurve: string): AlgorithmDetails {
  return {
    make: () => generateKeyPairSync('ec', { namedCurve, ...PEM }),
    hash: `sha${bits}`,
    options: { dsaEncoding: 'ieee-p1363' },
  }
}

const ED25519: AlgorithmDetails = { make: () => generateKeyPairSync('ed25519', PEM), hash: null, options: {} }

const ALGORITHMS = {
  RS256: rsa(256, false),
  RS384: rsa(384, false),
  RS512: rsa(512, false),
  PS256: rsa(256, true),
  PS384: rsa(384, true),
  PS512: rsa(512, true),
  ES256: ecdsa(256, 'P-256'),
  ES384: ecdsa(384, 'P-384'),
  ES512: ecdsa(512, 'P-521'),
  EdDSA: ED25519,
  Ed25519: ED25519,
} satisfies Record<string, AlgorithmDetails>

/** Creates a key pair synchronously, because minting is synchronous. */
export function createSigningKey(
  kid: string,
  algorithm: SigningAlgorithm,
  members: Readonly<Record<string, unknown>>,
): SigningKey {
  const pair = ALGORITHMS[algorithm].make()
  const publicKey = createPublicKey(pair.publicKey)
  return {
    kid,
    algorithm,
    privateKey: createPrivateKey(pair.privateKey),
    publicKey,
    publicKeyPem: pair.publicKey,
    jwk: {
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg: algorithm,
      use: 'sig',
      ...members,
    } as PublishedKey,
  }
}

/** Every algorithm the test issuer signs with. */
export const SIGNING_ALGORITHMS: readonly string[] = Object.keys(ALGORITHMS)

/** Whether the test issuer can sign with an algorithm. */
export function isSigningAlgorithm(algorithm: unknown): algorithm is SigningAlgorithm {
  return typeof algorithm === 'string' && Object.hasOwn(ALGORITHMS, algorithm)
}

/** Signs a JWT without validation. The header need not match the key. */
export function signJwt(
  key: SigningKey,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): string {
  const input = `${encode(header)}.${encode(claims)}`
  const { hash, options } = ALGORITHMS[key.algorithm]
  return `${input}.${sign(hash, Buffer.from(input), { key: key.privateKey, ...options }).toString('base64url')}`
}

/** Whether a key verifies a JWT that names the key's algorithm. */
export function verifiesJwt(
  key: Pick<SigningKey, 'algorithm' | 'publicKey'>,
  token: string,
  headerAlgorithm: unknown,
): boolean {
  if (headerAlgorithm !== key.algorithm) return false
  const end = token.lastIndexOf('.')
  const { hash, options } = ALGORITHMS[key.algorithm]
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  return verify(hash, Buffer.from(token.slice(0, end)), { key: key.publicKey, ...options }, signature)
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
