import type { TokenFacts } from '../model/access-token.js'
import type { Awaitable } from '../util/awaitable.js'
import type { JwtProfile, UnverifiedJwt } from '../model/issuer.js'
import { isVerificationFailure, Refusal, refusalFor } from '../model/refusal.js'
import type { VerificationKey } from '../model/verification-key.js'
import type { KeySet } from '../model/verification-key.js'
import type { SignatureVerifier } from './signature.js'
import { validateHeader } from './header.js'

/** A JWT whose signature holds: what it says, and the key that vouches for it. */
export interface VerifiedJwt {
  readonly facts: TokenFacts
  readonly key: VerificationKey
}

/**
 * Checks a JWT: header, key, signature, then what the issuer's tokens must be (RFC 7515 section 5.2,
 * RFC 8725). What every token must stand (times, audience, binding) is judged by the caller, on each request.
 *
 * @throws Refusal with the reason, or `keys_unavailable`; thrown or as a rejection.
 */
export function verifyJwt(
  token: string,
  unverified: UnverifiedJwt,
  profile: JwtProfile,
  keys: KeySet,
  check: SignatureVerifier,
): Awaitable<VerifiedJwt> {
  const { algorithm, kid } = validateHeader(unverified.header, profile)
  const search = { token, unverified, profile, algorithm, check }
  const candidates = keys.find({ kid, algorithm })
  return candidates instanceof Promise ? signedByLater(search, candidates) : signedBy(search, candidates)
}

/** A token in search of the key that signed it. */
interface VerificationContext {
  readonly token: string
  readonly unverified: UnverifiedJwt
  readonly profile: JwtProfile
  readonly algorithm: string
  readonly check: SignatureVerifier
}

async function signedByLater(
  search: VerificationContext,
  candidates: Promise<readonly VerificationKey[]>,
): Promise<VerifiedJwt> {
  return signedBy(search, await candidates)
}

/** Tries one key after the other; `isRefused` tells whether one before did not vouch for the token. */
function signedBy(
  search: VerificationContext,
  candidates: readonly VerificationKey[],
  isRefused = false,
): Awaitable<VerifiedJwt> {
  const candidate = candidates[0]
  if (candidate === undefined) throw new Refusal(isRefused ? 'signature_invalid' : 'key_unknown')
  const isGood = search.check(search.token, search.algorithm, candidate)
  if (isGood instanceof Promise) return signedByThen(search, candidates, isRefused, isGood)
  if (isGood === true) return vouchedFor(search, candidate)
  return signedBy(search, candidates.slice(1), isRefused || isGood === false)
}

async function signedByThen(
  search: VerificationContext,
  candidates: readonly VerificationKey[],
  isRefused: boolean,
  checking: Promise<boolean | undefined>,
): Promise<VerifiedJwt> {
  const isGood = await checking
  const candidate = candidates[0]
  // A key that was withdrawn meanwhile vouches for nothing any more, and has refused nothing either.
  if (isGood === true && candidate?.withdrawn === false) return vouchedFor(search, candidate)
  return signedBy(search, candidates.slice(1), isRefused || isGood === false)
}

/** The decoder and the signature check have read the same bytes: what a token claims is true once its signature holds. */
function vouchedFor({ unverified, profile }: VerificationContext, key: VerificationKey): VerifiedJwt {
  const read = profile.readClaims(unverified.claims, unverified.header)
  if (isVerificationFailure(read)) throw refusalFor(read)
  return { facts: read, key }
}
