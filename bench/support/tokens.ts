import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSigningKey, signJwt, type SigningAlgorithm } from '../../src/testing/state/signing-keys.js'

export const AUDIENCE = 'https://orders.internal'
export const SCOPE = 'orders:read'

/** All that a verifier of this issuer's tokens is set up with. */
export interface Issuance {
  readonly issuer: string
  readonly jwksUri: string
  readonly audience: string
  readonly algorithm: SigningAlgorithm
  readonly jwk: Readonly<Record<string, unknown>>
  readonly pem: string
}

/** An issuer of one key that serves it and signs tokens. */
export interface BenchIssuer {
  readonly issuance: Issuance
  readonly mint: (claims?: Readonly<Record<string, unknown>>) => string
  readonly close: () => void
}

export async function startIssuer(algorithm: SigningAlgorithm): Promise<BenchIssuer> {
  const key = createSigningKey(`${algorithm.toLowerCase()}-2026-11`, algorithm, {})
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key.jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // With a slash at the end: get-jwks looks for keys beneath the address, and wants it to be the issuer's name.
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    issuance: {
      issuer,
      jwksUri: `${issuer}.well-known/jwks.json`,
      audience: AUDIENCE,
      algorithm,
      jwk: key.jwk,
      pem: key.publicKeyPem,
    },
    mint: (claims) => signJwt(key, { alg: algorithm, typ: 'JWT', kid: key.kid }, claimsOf(issuer, claims)),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Ten claims, as a client credentials token usually has; each token is another. */
export function claimsOf(
  issuer: string,
  claims: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    aud: AUDIENCE,
    sub: 'svc-billing-00000001',
    client_id: 'svc-billing-00000001',
    azp: 'svc-billing-00000001',
    scope: `${SCOPE} orders:write customers:read`,
    jti: randomUUID(),
    iat: now - 60,
    nbf: now - 60,
    exp: now + 86_400,
    ...claims,
  }
}

export function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
