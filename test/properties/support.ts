import type { Parameters } from 'fast-check'
import { expect } from 'vitest'
import { Refusal, type AccessToken, type RefusalReason } from '../../src/index.js'

/**
 * The same cases on every run, so that a red test is red for everyone. fast-check prints seed and path with
 * the smallest counterexample of a failure.
 */
export function runs<T>(numRuns: number): Parameters<T> {
  return { seed: 20_261_121, numRuns }
}

/** A moment that every clock here starts from, in seconds since the epoch. */
export const START = 1_800_000_000

/** The table of refusals as promised: reason, status, OAuth error. Written out, so that it can disagree with the code. */
const REFUSALS: Readonly<Record<RefusalReason, readonly [status: number, error: string | undefined]>> = {
  token_missing: [401, undefined],
  token_malformed: [400, 'invalid_request'],
  token_too_large: [401, 'invalid_token'],
  token_undecodable: [401, 'invalid_token'],
  issuer_unknown: [401, 'invalid_token'],
  algorithm_not_allowed: [401, 'invalid_token'],
  type_not_allowed: [401, 'invalid_token'],
  critical_header: [401, 'invalid_token'],
  key_unknown: [401, 'invalid_token'],
  signature_invalid: [401, 'invalid_token'],
  claim_missing: [401, 'invalid_token'],
  claim_invalid: [401, 'invalid_token'],
  audience_mismatch: [401, 'invalid_token'],
  token_expired: [401, 'invalid_token'],
  token_not_active_yet: [401, 'invalid_token'],
  issued_in_future: [401, 'invalid_token'],
  token_too_old: [401, 'invalid_token'],
  lifetime_too_long: [401, 'invalid_token'],
  token_inactive: [401, 'invalid_token'],
  token_revoked: [401, 'invalid_token'],
  confirmation_impossible: [401, 'invalid_token'],
  proof_missing: [401, 'invalid_token'],
  proof_invalid: [401, 'invalid_token'],
  scope_insufficient: [403, 'insufficient_scope'],
  client_not_allowed: [403, 'access_denied'],
  issuer_not_allowed: [403, 'access_denied'],
  check_failed: [403, 'access_denied'],
  keys_unavailable: [503, 'temporarily_unavailable'],
  issuer_unavailable: [503, 'temporarily_unavailable'],
  issuer_refused_us: [503, 'temporarily_unavailable'],
  issuer_overloaded: [503, 'temporarily_unavailable'],
  revocations_unavailable: [503, 'temporarily_unavailable'],
}

/** A refusal with exactly the answer the table has for its reason. */
export function expectFromTable(refusal: Refusal): void {
  expect(refusal).toBeInstanceOf(Refusal)
  expect([refusal.status, refusal.error], refusal.reason).toEqual(REFUSALS[refusal.reason])
  const { headers, status } = refusal
  expect(headers['Cache-Control']).toBe('no-store')
  expect('Retry-After' in headers, refusal.reason).toBe(status === 503)
  const isChallenged = status === 400 || status === 401 || refusal.reason === 'scope_insufficient'
  expect('WWW-Authenticate' in headers, refusal.reason).toBe(isChallenged)
  for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/)
}

/** What became of a token: accepted, or the reason it was not. */
export async function verdictOf(promise: Promise<AccessToken>): Promise<'accepted' | RefusalReason> {
  try {
    await promise
    return 'accepted'
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error.reason
  }
}
