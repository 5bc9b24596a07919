import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import type { SigningAlgorithm } from '../../src/testing/state/signing-keys.js'
import { close, listen } from '../../test/support/servers/listen.js'

export const AUDIENCE = 'https://orders.internal'
export const SCOPE = 'orders:read'

/** The configuration of a verifier for the tokens of an issuer. */
export type Issuance = BenchIssuer['issuance']
export type BenchIssuer = Awaited<ReturnType<typeof startIssuer>>

/** Starts an issuer with one key. The issuer serves the key and signs its tokens with it. */
export async function startIssuer(algorithm: SigningAlgorithm) {
  const key = createSigningKey(`${algorithm.toLowerCase()}-2026-11`, algorithm, {})
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key.jwk] }))
  })
  // The trailing slash is for get-jwks, which requires the issuer to be the base of the key set's URL.
  const issuer = `http://127.0.0.1:${await listen(server)}/`
  return {
    issuance: {
      ...{ issuer, jwksUri: `${issuer}.well-known/jwks.json`, audience: AUDIENCE },
      ...{ algorithm, jwk: key.jwk, pem: key.publicKeyPem },
    },
    mint: () => signJwt(key, { alg: algorithm, typ: 'JWT', kid: key.kid }, claimsOf(issuer)),
    close: () => void close(server),
  }
}

/** Returns ten claims, as in a usual client credentials token, with a unique `jti`. */
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

/** Returns the bytes of an Authorization header. Each request decodes them to a new string, as a server does. */
export const bearerBytes = (token: string): Buffer => Buffer.from(`Bearer ${token}`, 'latin1')

/** Returns new request headers with a string that is not in any cache of V8. */
export const freshHeaders = (bytes: Buffer | undefined): { readonly authorization: string } => ({
  authorization: bytes?.toString('latin1') ?? '',
})
