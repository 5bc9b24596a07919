import { createPrivateKey, generateKeyPairSync, type ED25519KeyPairOptions } from 'node:crypto'

// PEM in between: exporting a JWK from a key pair that was just generated can deadlock Node 20.
const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}

function privateJwk(pem: string, kid: string): Readonly<Record<string, unknown>> {
  return { ...createPrivateKey(pem).export({ format: 'jwk' }), kid, use: 'sig' }
}

export function rsaKey(kid: string): Readonly<Record<string, unknown>> {
  return privateJwk(generateKeyPairSync('rsa', { modulusLength: 2048, ...PEM }).privateKey, kid)
}

export function ecKey(kid = 'for ES256'): Readonly<Record<string, unknown>> {
  return privateJwk(generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM }).privateKey, kid)
}

export function edKey(): Readonly<Record<string, unknown>> {
  return privateJwk(generateKeyPairSync('ed25519', PEM).privateKey, 'for EdDSA')
}
