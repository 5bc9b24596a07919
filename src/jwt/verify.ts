import type { TokenFacts } from '../model/access-token.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { JwtProfile, UnverifiedJwt } from '../model/issuer.js'
import {
  isVerificationFailure,
  Refusal,
  refusalFor,
  thrownRefusal,
  type OrRefusal,
  isRefusal,
} from '../model/refusal.js'
import type { KeySet, VerificationKey } from '../model/verification-key.js'
import type { SignatureVerifier } from './signature.js'
import { readHeader } from './header.js'

/** A JWT with a valid signature: what it states, and the key that verified it. */
export interface VerifiedJwt {
  readonly facts: TokenFacts
  readonly key: VerificationKey
}

/** A JWT that is being verified, and what it is verified with. */
interface Verification {
  readonly token: string
  readonly unverified: UnverifiedJwt
  readonly profile: JwtProfile
  readonly algorithm: string
  readonly verifySignature: SignatureVerifier
}

/**
 * Verifies a JWT: header, key, signature, then the claims that the issuer's profile requires (RFC 7515 section 5.2,
 * RFC 8725). Rules that hold for every token (times, audience, binding) are checked by the caller on each request.
 */
export function verifyJwt(
  token: string,
  unverified: UnverifiedJwt,
  profile: JwtProfile,
  keys: KeySet,
  verifySignature: SignatureVerifier,
): Awaitable<OrRefusal<VerifiedJwt>> {
  const header = readHeader(unverified.header, profile)
  if (isRefusal(header)) return header
  const verification = { token, unverified, profile, algorithm: header.algorithm, verifySignature }
  const candidates = keys.find(header, token.length)
  return candidates instanceof Promise
    ? afterwards(candidates, verifyWithAny, verification)
    : verifyWithAny(candidates, verification)
}

/** Tries one key after the other; `isSignatureInvalid` tells whether an earlier one rejected the signature. */
function verifyWithAny(
  candidates: OrRefusal<readonly VerificationKey[]>,
  verification: Verification,
  isSignatureInvalid = false,
): Awaitable<OrRefusal<VerifiedJwt>> {
  if (isRefusal(candidates)) return candidates
  const candidate = candidates[0]
  if (candidate === undefined) return new Refusal(isSignatureInvalid ? 'signature_invalid' : 'key_unknown')
  const isValid = verification.verifySignature(verification.token, verification.algorithm, candidate)
  return isValid instanceof Promise
    ? afterwards(isValid, concludeOrTryNext, candidates, verification, isSignatureInvalid)
    : concludeOrTryNext(isValid, candidates, verification, isSignatureInvalid)
}

function concludeOrTryNext(
  isValid: OrRefusal<boolean | undefined>,
  candidates: readonly VerificationKey[],
  verification: Verification,
  isSignatureInvalid: boolean,
): Awaitable<OrRefusal<VerifiedJwt>> {
  if (isRefusal(isValid)) return isValid
  const candidate = candidates[0]
  // A key that was withdrawn while it was in use verifies nothing, and its verdict does not count as a rejection.
  if (isValid === true && candidate?.withdrawn === false) return readVerified(verification, candidate)
  return verifyWithAny(candidates.slice(1), verification, isSignatureInvalid || isValid === false)
}

/** The decoder and the signature check read the same bytes, so the decoded claims are authentic. */
function readVerified({ unverified, profile }: Verification, key: VerificationKey): OrRefusal<VerifiedJwt> {
  try {
    const facts = profile.readClaims(unverified.claims, unverified.header)
    return isVerificationFailure(facts) ? refusalFor(facts) : { facts, key }
  } catch (error) {
    return thrownRefusal(error)
  }
}
