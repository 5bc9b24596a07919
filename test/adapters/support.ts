import { expect, onTestFinished } from 'vitest'
import {
  createVerifier,
  oauth,
  type DecisionEvent,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.js'
import type { Framework, Plan, Reply, RunningApp } from './frameworks.js'

/** A day on which the clocks of issuer and verifier stand still, in milliseconds since the epoch. */
export const NOON = Date.UTC(2031, 4, 6, 12)

const clock = (): number => NOON

export async function createIssuer(): Promise<TestIssuer> {
  return createTestIssuer({ clock })
}

/** A verifier of its own for a test, for an issuer that all tests of a file share. */
export function verifierFor(issuer: TestIssuer, options: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({ issuers: [oauth(issuer.oauth())], clock, ...options })
}

/** A verifier and what its observer was told. */
export function observedVerifier(
  issuer: TestIssuer,
  options: Partial<VerifierOptions> = {},
): { readonly verifier: Verifier; readonly events: DecisionEvent[] } {
  const events: DecisionEvent[] = []
  const onDecision = (event: DecisionEvent): void => {
    events.push(event)
  }
  const verifier = verifierFor(issuer, { onDecision, ...options })
  return { verifier, events }
}

/** Starts an application that ends with the test. */
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

/** What every refusal of the guard has in common, whatever the framework. */
export function expectRefusal(reply: Reply, status: number): void {
  expect(reply.status).toBe(status)
  expect(reply.headers['cache-control']).toBe('no-store')
}

/** Lets everything that is ready to run do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
