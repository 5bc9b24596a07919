import { keyOf, seal } from '../../tokens/forge.js'

const key = keyOf('ES256')

/** The issuer whose tokens all processes of a fleet accept. */
export const ISSUER = 'https://auth.example.com'
export const JWKS = { keys: [key.jwk] }

/** Signs a token that was issued a minute before `now`, in seconds since the epoch. */
export function tokenOf(tokenId: string, now: number): string {
  const iat = Math.floor(now) - 60
  const claims = { iss: ISSUER, sub: 'billing', jti: tokenId, iat, exp: iat + 1_000_000 }
  return seal(key, { alg: 'ES256', kid: key.kid, typ: 'at+jwt' }, claims)
}
