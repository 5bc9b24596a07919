import type { TokenFacts } from '../model/access-token.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import { ownMember } from '../util/members.js'
import { explain } from '../model/detail/explain.js'
import type { JwtProfile, UnverifiedJwt } from '../model/issuer/issuer.js'
import {
  isVerificationFailure,
  Refusal,
  refusalFor,
  type OrRefusal,
  isRefusal,
} from '../model/refusal/refusal.js'
import { functionFailure } from '../model/refusal/function-failure.js'
import type { Recorder } from '../model/recorder.js'
import type { KeyQuery, KeySet, VerificationKey } from '../model/key/verification-key.js'
import type { SignatureVerifier } from './signature.js'
import { readHeader, type SignatureHeader } from './header.js'

/** JWT with a valid signature: its facts, and the key that verified it. */
export interface VerifiedJwt {
  readonly facts: TokenFacts
  readonly key: VerificationKey
}

/** Verification in progress of a JWT. */
interface Verification {
  readonly token: string
  readonly unverified: UnverifiedJwt
  readonly profile: JwtProfile
  readonly header: SignatureHeader
  readonly query: KeyQuery
  readonly keys: KeySet
  readonly verifySignature: SignatureVerifier
  readonly recorder: Recorder | undefined
}

/**
 * Verifies a JWT: header, key, signature, then the claims that the issuer's profile requires (RFC 7515 section 5.2,
 * RFC 8725). The caller checks times, audience and `cnf`, which apply to every token, on each request.
 */
export function verifyJwt(
  token: string,
  unverified: UnverifiedJwt,
  profile: JwtProfile,
  keys: KeySet,
  verifySignature: SignatureVerifier,
  recorder?: Recorder,
): Awaitable<OrRefusal<VerifiedJwt>> {
  recorder?.enter('jwt_header')
  const header = readHeader(unverified.header, profile)
  if (isRefusal(header)) return header
  recorder?.enter('key')
  const query = { ...header, iss: ownMember(unverified.claims, 'iss') }
  const verification = { token, unverified, profile, header, query, keys, verifySignature, recorder }
  const candidates = keys.find(query, token.length)
  return candidates instanceof Promise
    ? afterwards(candidates, verifyWithAny, verification)
    : verifyWithAny(candidates, verification)
}

/** Tries the keys one after the other. `rejecting` is the last key that has rejected the signature. */
function verifyWithAny(
  candidates: OrRefusal<readonly VerificationKey[]>,
  verification: Verification,
  rejecting?: VerificationKey,
): Awaitable<OrRefusal<VerifiedJwt>> {
  if (isRefusal(candidates)) return candidates
  const candidate = candidates[0]
  if (candidate === undefined) return refuse(verification, rejecting)
  verification.recorder?.enter('signature')
  const isValid = verification.verifySignature(verification.token, verification.header.algorithm, candidate)
  return isValid instanceof Promise
    ? afterwards(isValid, concludeOrTryNext, candidates, verification, rejecting)
    : concludeOrTryNext(isValid, candidates, verification, rejecting)
}

/** What Cloud Run and API Gateway write in place of the signature of a token that they have verified. */
const REMOVED_SIGNATURE = '.SIGNATURE_REMOVED_BY_GOOGLE'

function refuse(
  { token, header, query, keys }: Verification,
  rejecting: VerificationKey | undefined,
): Refusal {
  if (rejecting === undefined) return new Refusal('key_unknown', { detail: keys.explainUnknown(query) })
  const detail = token.endsWith(REMOVED_SIGNATURE)
    ? explain('signature_invalid', 'removed', {})
    : explain('signature_invalid', 'mismatch', { kid: rejecting.kid, alg: header.algorithm })
  return new Refusal('signature_invalid', { detail })
}

function concludeOrTryNext(
  isValid: OrRefusal<boolean | undefined>,
  candidates: readonly VerificationKey[],
  verification: Verification,
  rejecting: VerificationKey | undefined,
): Awaitable<OrRefusal<VerifiedJwt>> {
  if (isRefusal(isValid)) return isValid
  const candidate = candidates[0]
  // The result of a key that was withdrawn during the verification does not count, neither as valid nor as a rejection.
  if (isValid === true && candidate?.withdrawn === false) return readVerified(verification, candidate)
  return verifyWithAny(candidates.slice(1), verification, isValid === false ? candidate : rejecting)
}

/** Reads the claims. They are authentic, because decoder and signature verification read the same bytes. */
function readVerified(
  { unverified, profile, recorder }: Verification,
  key: VerificationKey,
): OrRefusal<VerifiedJwt> {
  recorder?.enter('claims')
  try {
    const facts = profile.readClaims(unverified.claims, unverified.header)
    return isVerificationFailure(facts) ? refusalFor(facts) : { facts, key }
  } catch (error) {
    return functionFailure('jwt.readClaims', error)
  }
}
