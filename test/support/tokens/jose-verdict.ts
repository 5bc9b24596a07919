import {
  compactVerify,
  decodeJwt,
  jwtVerify,
  UnsecuredJWT,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose'

/**
 * Whether jose accepts a JWT. Claims that are null count as absent, as in this package; jose would refuse `nbf` and `iat` that
 * are null.
 */
export async function joseAccepts(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<boolean> {
  try {
    if (hasNullTime(token)) await verifyWithoutNull(token, keys, options)
    else await jwtVerify(token, keys, options)
    return true
  } catch {
    return false
  }
}

async function verifyWithoutNull(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<void> {
  await compactVerify(token, keys, options)
  const present = Object.entries(decodeJwt(token)).filter(([, value]) => value !== null)
  UnsecuredJWT.decode(new UnsecuredJWT(Object.fromEntries(present)).encode(), options)
}

function hasNullTime(token: string): boolean {
  try {
    const { nbf, iat } = decodeJwt(token) as Readonly<Record<string, unknown>>
    return nbf === null || iat === null
  } catch {
    return false
  }
}
