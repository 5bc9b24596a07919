import type { RefusalReason } from '../refusal/reasons.js'

/**
 * What a refusal's `detail` says, per reason and case. `{name}` is replaced by a value: one from outside is quoted, `{name:s}`
 * is printed in seconds and `{name:time}` as a date. `docs/reference/errors.md` lists these sentences.
 *
 * No template may contain a token, a part of a token other than its claims and header parameters, or a credential.
 */
export const DETAILS = {
  token_missing: {
    absent: 'the request has no Authorization header',
    header: 'the request has no header {header}',
    scheme: 'the Authorization header has the scheme {scheme}, not Bearer',
    other: 'the Authorization header does not start with the scheme Bearer',
  },
  token_malformed: {
    several: 'the request has several {header} headers: a proxy may have added one',
    type: 'the header {header} is {type}, not a string',
    empty: 'the token is empty',
    character:
      'the character {character} at position {position} of the token is not allowed (RFC 6750 section 2.1)',
    padding: 'the token has = before its end (RFC 6750 section 2.1)',
    separator: 'the scheme Bearer and the token are not separated by spaces',
    argument: 'the token is {type}, not a string',
  },
  token_too_large: {
    length: 'the token has {length} characters, and the limit is {limit}',
  },
  token_undecodable: {
    header: 'the first part of the token is not strict base64url of a JSON object',
    payload: 'the second part of the token is not strict base64url of a JSON object of at most 64 levels',
    signature: 'the third part of the token is not strict base64url',
    encrypted:
      'the token is encrypted (JWE), and no issuer with introspection.jwts accepts it. Some issuers encrypt a token if the caller named no audience',
    encrypted_issuer:
      'the token is encrypted (JWE) with iss {iss}, and no issuer with introspection.jwts has this name',
    neither: 'the token is not a JWT, and no issuer for opaque tokens is configured',
    prefix: 'the token is not a JWT, and starts with none of the prefixes of opaque tokens, {prefixes}',
    lenient: 'the token is not strict base64url, but a lenient decoder would read it as a JWT',
    kid: 'kid is {type}, not a string',
  },
  issuer_unknown: {
    similar: 'iss is {iss}, and the configured issuer is {configured}: they differ only in {difference}',
    closest: 'iss is {iss}, and the closest of {count} configured issuers is {configured}',
    only: 'iss is {iss}, and the configured issuer is {configured}',
    subject: 'sub is {sub}, and must begin with {prefixes}, because no configured issuer has the iss',
    trust_domain: 'sub is {sub}, and names another trust domain than {prefixes}',
    jwt: 'the token is a JWT, and no configured issuer accepts JWTs: each accepts opaque tokens only',
    unnamed: 'iss is {iss}, and no configured issuer accepts this JWT',
    template: 'iss is {iss}, which is the configured template itself and names no tenant',
    type: 'iss is {type}, and must be the string {configured}',
    opaque: 'the token is opaque, and no issuer for opaque tokens is configured',
    prefix: 'the token is opaque, and starts with none of the configured prefixes {prefixes}',
    keys: 'the issuer has no keys for JWTs',
    tenant: 'the tenant of iss is {tenant}, and {problem}',
    introspected: 'iss of the introspection response is {iss}, and must match {template}',
  },
  algorithm_not_allowed: {
    different: 'alg is {alg}, and algorithms allows {allowed}',
  },
  type_not_allowed: {
    typ: 'typ is {typ}, and must be {allowed}',
    nested: 'cty is {cty}: the token contains another JWT',
    claim: 'the claim {claim} marks another kind of token',
    kind: 'the claim {claim} is {kind}: the token is not an access token',
    token_type: 'token_type of the introspection response is {type}, not Bearer',
    introspected_kind: 'the introspection response is about another kind of token: {claim} is {kind}',
    session: 'the claim {claim} marks a session token',
    person: 'sub is {subject}: a user or a member, not a client',
    connected_app: '{claim} is {client} and differs from sub {subject}: a Connected App acts for a user',
    category: 'cat is {category}, and must be {allowed}, that of a machine token',
    machine: 'sub is {subject}, and must be a machine (mch_...)',
  },
  critical_header: {
    present: 'the header contains {parameter}: no extension is supported',
  },
  key_unknown: {
    kid: 'kid is {kid} (alg {alg}), and the key set lists {kids}',
    algorithm: 'kid {kid} is listed for {algorithms}, and alg is {alg}',
    unusable:
      'kid {kid} is listed, but that key cannot verify signatures: it is weak, private, or for another use',
    absent: 'the token has no kid, and {count} keys are listed for alg {alg}',
    empty: 'kid is {kid} (alg {alg}), and no usable key is listed',
    other_issuer: 'kid {kid} is listed for the issuer {stated}, and iss is {issuer}',
    unsupported:
      'kid {kid} is listed for alg {alg}, but this version of Node cannot use the key, or the key was withdrawn',
  },
  signature_invalid: {
    mismatch: 'the key {kid} (alg {alg}) does not verify the signature',
    removed:
      'Google Cloud has removed the signature of the token. Send the token in another header, and set the option header of the guard',
  },
  claim_missing: {
    absent: 'the claim {claim} is absent',
    subject: 'the claim sub is absent, and no claim names a client',
    tenant: 'the introspection response has no iss, so the tenant is unknown',
    age: 'the claim iat is absent, and the policy has maxTokenAge {limit:s}',
  },
  claim_invalid: {
    type: '{claim} must be {expected}, and is {value}',
    scopes: 'the token has more than {limit} scopes',
    parties: 'azp is {azp} and client_id is {client}: they must be equal',
    issuer: 'iss of the introspection response is {iss}, and must be {expected}',
    similar_issuer:
      'iss of the introspection response is {iss}, and must be {expected}: they differ only in {difference}',
    duplicate: 'the introspection response has a duplicate member',
    nesting: 'the introspection response is nested too deeply',
    rule: '{claim} is {value}, and the rule claims of the issuer allows {allowed}',
    signing: 'the service requires responses to be signed',
    signing_type: 'responseSigningRequired is {type}, not a boolean, so responses may have to be signed',
  },
  audience_mismatch: {
    different: 'aud is {audience}, and the configured audience is {configured}',
    absent: 'the token names no audience, and the configured audience is {configured}',
    confirmed:
      'the introspection response states aud {stated}, the token {audience}, and the configured audience is {configured}',
    unstated:
      'the token states aud {audience}, the introspection response states none, and the configured audience is {configured}',
    machine: 'the token is for the machines {audience}, and machineId is {configured}',
  },
  token_expired: {
    expired: 'exp was {exp:time}, {ago:s} before {now:time}; clockTolerance is {tolerance:s}',
    issuer: 'the issuer states that the token is expired',
  },
  token_not_active_yet: {
    early: 'nbf is {nbf:time}, {ahead:s} after {now:time}; clockTolerance is {tolerance:s}',
  },
  issued_in_future: {
    ahead: 'iat is {iat:time}, {ahead:s} after {now:time}; clockTolerance is {tolerance:s}',
  },
  token_too_old: {
    age: 'the token is {age:s} old (iat {iat:time}), and maxTokenAge is {limit:s}',
  },
  lifetime_too_long: {
    lifetime: 'the lifetime of the token (exp minus iat) is {lifetime:s}, and maxTokenLifetime is {limit:s}',
    unknown: 'exp or iat is absent, so the lifetime is unlimited, and maxTokenLifetime is {limit:s}',
  },
  token_inactive: {
    inactive: 'the introspection response is active: false',
    other: 'the introspection response is about another {fact}: {stated}, and the token states {proven}',
    other_client: 'the client in the introspection response is {stated}, and {claim} is {client}',
    unknown: 'Clerk has no such token for this machine',
    revoked: 'Clerk states that the token is revoked',
    action: 'the action of the Authlete response is {action}',
    unusable: 'existent and usable of the Authlete response are not both true',
  },
  token_revoked: {
    token: 'the token was revoked at {at:time} ({reason})',
    party:
      'the {kind} {value} was revoked at {at:time} ({reason}): tokens issued before {before:time} are refused, and iat is {iat:time}',
    issuer:
      'the issuer was revoked at {at:time} ({reason}): tokens issued before {before:time} are refused, and iat is {iat:time}',
  },
  confirmation_impossible: {
    unconfigured:
      'the policy requires a confirmation by the issuer, and no introspection is configured for it',
    unsupported: 'the issuer does not introspect tokens of this kind',
  },
  proof_missing: {
    cnf: 'the token has a cnf claim, which binds it to a key',
    introspected_cnf: 'the introspection response states a cnf claim, which binds the token to a key',
    dpop: 'token_type of the introspection response is DPoP, which binds the token to a key',
    certificate: 'the token is bound to a client certificate',
    certificate_type:
      'certificateThumbprint is {type}, not a string, so the token may be bound to a client certificate',
  },
  proof_invalid: {},
  scope_insufficient: {
    missing: 'the token lacks {missing}; it has {granted}, and the policies require {required}',
    check: 'checkScopes did not return true; the token has {granted}, and required are {required}',
  },
  client_not_allowed: {
    different: 'the client is {client}, and clients allows {allowed}',
    absent: 'the token names no client id that can be compared, and clients allows {allowed}',
    sender: 'the sender is {subject}, and senders allows {allowed}',
  },
  subject_not_allowed: {
    different: 'the subject is {subject}, and subjects allows {allowed}',
    absent: 'the token has no subject, and subjects allows {allowed}',
  },
  issuer_not_allowed: {
    different: 'the issuer is {issuer}, configured as {name}, and issuers allows {allowed}',
  },
  claims_insufficient: {
    rule: '{claim} is {value}, and the rule claims of a policy allows {allowed}',
  },
  check_failed: {
    result: 'check returned {result}, not true',
    threw: 'check threw {error}; the error is the cause of the refusal',
  },
  keys_unavailable: {
    failing: '{document}: {failure}; failing since {since:time}, next attempt in {next:s}',
    unknown_kid:
      'kid {kid} is not among the cached keys, and they cannot be refreshed: {failure}; failing since {since:time}, next attempt in {next:s}',
    unusable: '{document}: {failure}; next attempt in {next:s}',
    evicted: 'the tenant was evicted while its token was verified; the next request loads its keys again',
    tenants: '{count} of {total} tenants cannot be loaded: {failures}',
    offline: 'the keys of the issuer are needed, and no issuer is called',
  },
  issuer_unavailable: {
    call: '{failure}; failing since {since:time}',
    open: 'no call for {next:s}, because the circuit is open: {failure}',
    discovery: 'the introspection endpoint is unknown. {document}: {failure}; next attempt in {next:s}',
    endpoint:
      'the discovery document has no https introspection_endpoint. Set the option introspection.endpoint',
    endpoint_origin:
      'the discovery document names the introspection_endpoint {endpoint}, which has not the origin of the issuer {issuer}. The credentials of all tenants are not sent to it. Set the option introspection.endpoint',
    internal: 'an internal error prevented the check: {error}; it is the cause of the refusal',
    function: 'the function {function} failed with {error}; it is the cause of the refusal',
    verifier: 'authorize() of the custom verifier failed with {error}; it is the cause of the refusal',
    offline: 'the token must be introspected, and no issuer is called',
    jose: 'jose cannot be loaded; the error is the cause of the refusal',
  },
  issuer_refused_us: {
    credential: 'the credentials of this service cannot be read: {failure}; failing since {since:time}',
    call: 'the issuer rejects the credentials of this service: {failure}; failing since {since:time}',
    open: 'no call for {next:s}, because the credentials of this service are not usable: {failure}',
  },
  issuer_overloaded: {
    call: 'the issuer responded with status 429 (too many requests): {failure}',
    open: 'no call for {next:s}, because the issuer responded with status 429 (too many requests)',
    calls: '{count} calls to the issuer are in flight, the limit of the option remote.maxInFlight',
    discovery: '{count} calls wait for the discovery document, the limit of the option remote.maxInFlight',
    discovery_status:
      'the introspection endpoint is unknown. {document}: {failure}; next attempt in {next:s}',
    tenants: '{count} tenants without a valid token so far were admitted recently, the maximum',
    tenant_calls:
      '{count} calls for the tenants of the issuer are in flight, {own} of them for this tenant, which may use as much of remote.maxInFlight as it leaves to others',
    keys: '{count} tokens already wait for a fetch of the keys',
    refetches:
      'the key id may be new, and the keys of {count} other tenants were fetched for unknown key ids within {period:s}, the maximum; the next fetch is possible in {next:s}',
    signatures: 'the queue of the thread pool is full: {count} signatures are in flight',
  },
  revocations_unavailable: {
    initial: 'the revocations have not been read yet: {failure}',
    stale: 'the revocations were last read {age:s} ago, and maxStaleness is {limit:s}: {failure}',
  },
} as const satisfies Record<RefusalReason, Readonly<Record<string, string>>>
