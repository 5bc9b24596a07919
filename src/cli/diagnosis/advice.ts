import type { RefusalReason } from '../../model/refusal/reasons.js'

/** What to do about a refusal. `docs/reference/errors.md` says the same in more words. */
const ADVICE: Readonly<Record<RefusalReason, string>> = {
  token_missing:
    'Send the token as "Authorization: Bearer <token>". If the caller does, a proxy removes the header.',
  token_malformed:
    'Check how the caller creates the header. A line break from a secret file and a doubled "Bearer" are common. Of two headers, a proxy adds one.',
  token_too_large:
    'Configure the issuer to put less into the token, or raise maxTokenLength of the verifier.',
  token_undecodable:
    'Compare the token with the one that the issuer returned: it is cut, changed or encrypted. An encrypted token needs introspection: { jwts: true }.',
  issuer_unknown:
    'Compare iss with the option issuer, including a slash at the end. Opaque tokens need introspection, Clerk or Authlete. Check that the caller uses the same environment.',
  algorithm_not_allowed:
    'If the issuer signs with this algorithm, add it to the option algorithms. "none" and HS* are never accepted.',
  type_not_allowed:
    'The caller must send the access_token of its token response, not the id_token, a session or a refresh token. For another typ, set the option tokenTypes.',
  critical_header: 'Configure the issuer to omit these header parameters.',
  key_unknown:
    'Check that the caller and this API use the same environment of the issuer. After a key rotation, the key is found within 10 s of its publication.',
  signature_invalid:
    'The token was changed after it was signed, or it is from another environment with the same key ids. Get a new token.',
  claim_missing:
    'Configure the issuer to add the claim to its access tokens, or change the policy that requires it.',
  claim_invalid:
    'Configure the issuer to write the claim as required, or change the option that requires it.',
  audience_mismatch:
    'The caller must request a token for this API, with audience or resource in its token request. If the token is right, add its audience to the option audience.',
  token_expired:
    'The caller must renew its token before it expires: tokenSource of m2m-guard/client does. If the token is new, check the clock of this machine.',
  token_not_active_yet: 'Compare the clocks of this machine and of the issuer: npx m2m-guard doctor does.',
  issued_in_future: 'Compare the clocks of this machine and of the issuer: npx m2m-guard doctor does.',
  token_too_old:
    'The caller must get a new token. A client that caches tokens must renew them within maxTokenAge.',
  lifetime_too_long:
    'Configure the issuer to mint tokens with a shorter lifetime for this API, or raise maxTokenLifetime.',
  token_inactive:
    'The caller must get a new token. If every token is inactive, the credentials of this API are of another environment.',
  token_revoked: 'The token was revoked. The caller must get a new token, if it still may.',
  confirmation_impossible:
    'Configure introspection for this issuer, or replace confirmAfter by maxTokenAge. The caller can get a new token.',
  proof_missing:
    'Configure the issuer to mint plain bearer tokens for this API: proofs of possession are not supported.',
  proof_invalid: 'Check how the caller creates the proof, and its clock.',
  scope_insufficient:
    'Grant the missing scope to the client at the issuer. The caller must then request it and get a new token.',
  client_not_allowed: 'If the client may use this API, add its id to the option that lists the clients.',
  subject_not_allowed: 'If the subject may use this route, add it to subjects of the policy.',
  issuer_not_allowed: 'If tokens of this issuer may use this route, add its name to issuers of the policy.',
  claims_insufficient:
    'Grant the claim at the issuer and get a new token, or add its value to claims of the policy.',
  check_failed: 'Read the rule check of the policy: its result or its error refused the request.',
  keys_unavailable:
    'Check the URL, DNS and the network of this machine: npx m2m-guard doctor does. The caller may retry.',
  issuer_unavailable:
    'Check the URL, DNS and the network of this machine: npx m2m-guard doctor does. The caller may retry.',
  issuer_refused_us:
    'Correct the credentials of this API at the issuer: client id and secret, machine key or service token.',
  issuer_overloaded:
    'Wait, and ask the issuer for a higher rate limit if this continues. The caller may retry.',
  revocations_unavailable: 'Check the connection to the store of the revocations. The caller may retry.',
}

/** Returns what to do about a refusal. */
export function adviceOn(reason: RefusalReason): string {
  return ADVICE[reason]
}
