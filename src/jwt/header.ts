import { mediaType } from '../http/media-type.js'
import type { JwtProfile } from '../model/issuer.js'
import { Refusal, refusalFor } from '../model/refusal.js'

/** Refuses what can be refused without a key; costs no network call. */
export function validateHeader(
  header: Readonly<Record<string, unknown>>,
  profile: JwtProfile,
): { readonly algorithm: string; readonly kid: string | undefined } {
  const algorithm = Object.hasOwn(header, 'alg') ? header['alg'] : undefined
  if (typeof algorithm !== 'string' || !profile.algorithms.includes(algorithm)) {
    throw new Refusal('algorithm_not_allowed')
  }
  // No extension is understood, so every `crit` is one too many (RFC 7515 section 4.1.11); `b64` and `zip`
  // change what the payload's bytes mean.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64') || Object.hasOwn(header, 'zip'))
    throw new Refusal('critical_header')
  // A JWT inside a JWT (RFC 7519 section 5.2) is not an access token.
  if (Object.hasOwn(header, 'cty') && mediaType(header['cty']) === 'jwt')
    throw new Refusal('type_not_allowed')
  const kid = Object.hasOwn(header, 'kid') ? header['kid'] : undefined
  if (kid !== undefined && typeof kid !== 'string') throw new Refusal('token_undecodable')
  const fault = profile.validateHeader(header)
  if (fault !== undefined) throw refusalFor(fault)
  return { algorithm, kid }
}
