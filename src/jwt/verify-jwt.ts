import { compactVerify } from 'jose'
import type { TokenFacts } from '../access-token.js'
import type { JwtProfile, UnverifiedJwt } from '../issuers/issuer.js'
import { Refusal, refusalFor } from '../refusal.js'
import type { VerificationKey } from './jwk.js'
import type { KeySet } from './key-set.js'

/** A JWT whose signature holds: what it says, and the key that vouches for it. */
export interface VerifiedJwt {
  readonly facts: TokenFacts
  readonly key: VerificationKey
}

/**
 * Checks a JWT: header, key, signature, then what the issuer's tokens must be (RFC 7515 section 5.2,
 * RFC 8725). What every token must stand (times, audience, binding) is judged by the caller, on each request.
 *
 * @throws Refusal with the reason, or `keys_unavailable`.
 */
export async function verifyJwt(
  token: string,
  unverified: UnverifiedJwt,
  profile: JwtProfile,
  keys: KeySet,
): Promise<VerifiedJwt> {
  const { algorithm, kid } = judgeHeader(unverified.header, profile)
  const candidates = await keys.find({ kid, algorithm })
  if (candidates.length === 0) throw new Refusal('key_unknown')
  const key = await signingKey(token, algorithm, candidates)
  // The decoder and the signature check read the same bytes, so these claims are now vouched for.
  const read = profile.readClaims(unverified.claims, unverified.header)
  if ('reason' in read) throw refusalFor(read)
  return { facts: read, key }
}

/** Refuses what can be refused without a key; costs no network call. */
export function judgeHeader(
  header: Readonly<Record<string, unknown>>,
  profile: JwtProfile,
): { readonly algorithm: string; readonly kid: string | undefined } {
  const algorithm = Object.hasOwn(header, 'alg') ? header['alg'] : undefined
  if (typeof algorithm !== 'string' || !profile.algorithms.includes(algorithm)) {
    throw new Refusal('algorithm_not_allowed')
  }
  // No extension is understood, so every `crit` is one too many (RFC 7515 section 4.1.11); `b64` and `zip`
  // change what the payload's bytes mean.
  if (['crit', 'b64', 'zip'].some((member) => Object.hasOwn(header, member)))
    throw new Refusal('critical_header')
  // A JWT inside a JWT (RFC 7519 section 5.2) is not an access token.
  if (Object.hasOwn(header, 'cty') && mediaType(header['cty']) === 'jwt')
    throw new Refusal('type_not_allowed')
  const kid = Object.hasOwn(header, 'kid') ? header['kid'] : undefined
  if (kid !== undefined && typeof kid !== 'string') throw new Refusal('token_undecodable')
  const fault = profile.judgeHeader(header)
  if (fault !== undefined) throw refusalFor(fault)
  return { algorithm, kid }
}

/**
 * A `typ` or `cty` value for comparison: lower case, without the `application/` that may be left out
 * (RFC 7515 section 4.1.9). Undefined for a value that is no string.
 */
export function mediaType(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase().replace(/^application\//, '') : undefined
}

async function signingKey(
  token: string,
  algorithm: string,
  candidates: readonly VerificationKey[],
): Promise<VerificationKey> {
  let refused = false
  for (const candidate of candidates) {
    const key = await candidate.import(algorithm).catch(() => undefined)
    if (key === undefined) continue
    try {
      await compactVerify(token, key, { algorithms: [algorithm] })
      return candidate
    } catch {
      // Whatever jose objects to, this key does not vouch for the token; what it says may quote the token.
      refused = true
    }
  }
  throw new Refusal(refused ? 'signature_invalid' : 'key_unknown')
}
