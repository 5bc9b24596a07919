import { mediaType } from '../http/media-type.js'
import type { JwtProfile } from '../model/issuer.js'
import { Refusal, refusalFor, thrownRefusal, type OrRefusal } from '../model/refusal.js'

/** Header parameters of a JWT that the verification of its signature needs. */
export interface SignatureHeader {
  readonly algorithm: string
  readonly kid: string | undefined
}

/** Reads and validates the header of a JWT. It needs no key, so that an invalid header causes no network call. */
export function readHeader(
  header: Readonly<Record<string, unknown>>,
  profile: JwtProfile,
): OrRefusal<SignatureHeader> {
  const algorithm = Object.hasOwn(header, 'alg') ? header['alg'] : undefined
  if (typeof algorithm !== 'string' || !profile.algorithms.includes(algorithm)) {
    return new Refusal('algorithm_not_allowed')
  }
  // No extension is supported, so every `crit` is refused (RFC 7515 section 4.1.11). `b64` (RFC 7797) and `zip` change
  // how the payload is encoded.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64') || Object.hasOwn(header, 'zip'))
    return new Refusal('critical_header')
  // A nested JWT (RFC 7519 section 5.2) is not an access token.
  if (Object.hasOwn(header, 'cty') && mediaType(header['cty']) === 'jwt')
    return new Refusal('type_not_allowed')
  const kid = Object.hasOwn(header, 'kid') ? header['kid'] : undefined
  if (kid !== undefined && typeof kid !== 'string') return new Refusal('token_undecodable')
  try {
    const failure = profile.validateHeader(header)
    return failure === undefined ? { algorithm, kid } : refusalFor(failure)
  } catch (error) {
    return thrownRefusal(error)
  }
}
