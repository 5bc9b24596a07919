/**
 * Sent until the token is authenticated: it is the same for every reason, so that unauthenticated callers get no
 * details.
 */
const UNAUTHENTICATED_DESCRIPTION = 'The request needs a valid access token.'
const UNDECIDABLE = 'The access token could not be checked. Try again later.'

/**
 * Every refusal reason with its response: status, OAuth error code (RFC 6750 section 3.1), and `error_description`. A
 * new reason is a new row here.
 */
export const REFUSALS = {
  token_missing: { status: 401, error: undefined, description: UNAUTHENTICATED_DESCRIPTION },
  token_malformed: { status: 400, error: 'invalid_request', description: UNAUTHENTICATED_DESCRIPTION },

  token_too_large: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },
  token_undecodable: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },
  issuer_unknown: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },
  algorithm_not_allowed: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },
  type_not_allowed: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },
  critical_header: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },
  key_unknown: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },
  signature_invalid: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },
  token_inactive: { status: 401, error: 'invalid_token', description: UNAUTHENTICATED_DESCRIPTION },

  claim_missing: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token lacks a required claim.',
  },
  claim_invalid: {
    status: 401,
    error: 'invalid_token',
    description: 'A claim of the access token is invalid.',
  },
  audience_mismatch: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token was not issued for this API.',
  },
  token_expired: { status: 401, error: 'invalid_token', description: 'The access token has expired.' },
  token_not_active_yet: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token is not active yet.',
  },
  issued_in_future: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token was issued in the future.',
  },
  token_too_old: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token is too old for this resource.',
  },
  lifetime_too_long: {
    status: 401,
    error: 'invalid_token',
    description: 'The lifetime of the access token is too long for this resource.',
  },
  token_revoked: { status: 401, error: 'invalid_token', description: 'The access token has been revoked.' },
  confirmation_impossible: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token is too old to be accepted without confirmation by its issuer.',
  },
  proof_missing: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token is sender-constrained and was sent without proof of possession.',
  },
  proof_invalid: {
    status: 401,
    error: 'invalid_token',
    description: 'The proof of possession is invalid.',
  },

  scope_insufficient: {
    status: 403,
    error: 'insufficient_scope',
    description: 'The access token lacks a required scope.',
  },
  client_not_allowed: {
    status: 403,
    error: 'access_denied',
    description: 'This client may not use this resource.',
  },
  subject_not_allowed: {
    status: 403,
    error: 'access_denied',
    description: 'This subject may not use this resource.',
  },
  issuer_not_allowed: {
    status: 403,
    error: 'access_denied',
    description: 'Tokens of this issuer may not use this resource.',
  },
  claims_insufficient: {
    status: 403,
    error: 'access_denied',
    description: 'The claims of the access token do not permit this request.',
  },
  check_failed: { status: 403, error: 'access_denied', description: 'The request is not permitted.' },

  keys_unavailable: { status: 503, error: 'temporarily_unavailable', description: UNDECIDABLE },
  issuer_unavailable: { status: 503, error: 'temporarily_unavailable', description: UNDECIDABLE },
  issuer_refused_us: { status: 503, error: 'temporarily_unavailable', description: UNDECIDABLE },
  issuer_overloaded: { status: 503, error: 'temporarily_unavailable', description: UNDECIDABLE },
  revocations_unavailable: { status: 503, error: 'temporarily_unavailable', description: UNDECIDABLE },
} as const satisfies Record<string, RefusalResponse>

/** Response to a refused request. */
export interface RefusalResponse {
  readonly status: 400 | 401 | 403 | 503
  readonly error: string | undefined
  readonly description: string
}

/** Reason why a request was not accepted: a stable code to log, count or branch on. It is not sent to callers. */
export type RefusalReason = keyof typeof REFUSALS

/** OAuth error code of a response (RFC 6750 section 3.1). A request without a token has none. */
export type RefusalError = NonNullable<(typeof REFUSALS)[RefusalReason]['error']>
