import type { Parameters } from 'fast-check'
import { expect } from 'vitest'
import { Refusal } from '../../src/index.js'
import { REFUSALS } from '../support/refusals.js'

/**
 * Fixed seed, so that a failure is reproducible. fast-check prints seed and path with
 * the smallest counterexample of a failure.
 */
export function runs<T>(numRuns: number): Parameters<T> {
  return { seed: 20_261_121, numRuns }
}

/** Expects a refusal with exactly the response that the table has for its reason. */
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
