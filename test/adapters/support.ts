import { expect, onTestFinished } from 'vitest'
import { oauth, type Verifier, type VerifierOptions } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { START } from '../support/clock.js'
import * as testBed from '../support/test-bed.js'
import type { Framework, Plan, Reply, RunningApp } from './frameworks.js'

/** Starts an issuer that the tests of a file share, with a clock that stands still. The file closes it. */
export function createIssuer(): Promise<TestIssuer> {
  return testBed.startIssuer({}, () => undefined)
}

/** A new verifier of the tokens of a shared issuer, and its events. */
export function observedVerifier(
  issuer: TestIssuer,
  options: Partial<VerifierOptions> = {},
): testBed.ObservedVerifier {
  return testBed.observedVerifier({ issuers: [oauth(issuer.oauth())], clock: () => START, ...options })
}

/** A new verifier of the tokens of a shared issuer. */
export function verifierFor(issuer: TestIssuer, options?: Partial<VerifierOptions>): Verifier {
  return observedVerifier(issuer, options).verifier
}

/** Starts an application that is closed at the end of the test. */
export async function run(framework: Framework, plan: Plan): Promise<RunningApp> {
  const app = await framework.start(plan)
  onTestFinished(() => app.close())
  return app
}

export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` }
}

export function jsonOf(reply: Reply): unknown {
  return JSON.parse(reply.text)
}

/** Checks the properties that every refusal has in every framework. */
export function expectRefusal(reply: Reply, status: number): void {
  expect(reply.status).toBe(status)
  expect(reply.headers['cache-control']).toBe('no-store')
}

/**
 * Runs the callbacks that are ready in this process, before a test checks that one of them did not fail. No event of a network
 * may decide such a test.
 */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
