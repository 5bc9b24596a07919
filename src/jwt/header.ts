import { mediaType } from '../http/media-type.js'
import { explain } from '../model/detail/explain.js'
import type { JwtProfile } from '../model/issuer/issuer.js'
import { functionFailure } from '../model/refusal/function-failure.js'
import { Refusal, refusalFor, type OrRefusal } from '../model/refusal/refusal.js'
import { phrase, typeOf } from '../util/quote.js'

/** Header parameters of a JWT that the verification of its signature needs. */
export interface SignatureHeader {
  readonly algorithm: string
  readonly kid: string | undefined
}

/** Header parameters that change how a JWS is read. */
const EXTENSIONS = ['crit', 'b64', 'zip'] as const

/** Reads and validates the header of a JWT. It needs no key, so that an invalid header causes no network call. */
export function readHeader(
  header: Readonly<Record<string, unknown>>,
  profile: JwtProfile,
): OrRefusal<SignatureHeader> {
  const algorithm = Object.hasOwn(header, 'alg') ? header['alg'] : undefined
  if (typeof algorithm !== 'string' || !profile.algorithms.includes(algorithm)) {
    return new Refusal('algorithm_not_allowed', {
      detail: explain('algorithm_not_allowed', 'different', { alg: algorithm, allowed: profile.algorithms }),
    })
  }
  // No extension is supported, so every `crit` is refused (RFC 7515 section 4.1.11). `b64` (RFC 7797) and `zip` change
  // how the payload is encoded.
  const parameter = EXTENSIONS.find((name) => Object.hasOwn(header, name))
  if (parameter !== undefined) {
    const detail = explain('critical_header', 'present', { parameter: phrase(parameter) })
    return new Refusal('critical_header', { detail })
  }
  // A nested JWT (RFC 7519 section 5.2) is not an access token.
  if (Object.hasOwn(header, 'cty') && mediaType(header['cty']) === 'jwt') {
    const detail = explain('type_not_allowed', 'nested', { cty: header['cty'] })
    return new Refusal('type_not_allowed', { detail })
  }
  const kid = Object.hasOwn(header, 'kid') ? header['kid'] : undefined
  if (kid !== undefined && typeof kid !== 'string') {
    const detail = explain('token_undecodable', 'kid', { type: phrase(typeOf(kid)) })
    return new Refusal('token_undecodable', { detail })
  }
  try {
    const failure = profile.validateHeader(header)
    return failure === undefined ? { algorithm, kid } : refusalFor(failure)
  } catch (error) {
    return functionFailure('jwt.validateHeader', error)
  }
}
