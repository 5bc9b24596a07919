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

/** The fixed time of the issuer's and the verifier's clock, in milliseconds since the epoch. */
export const NOON = Date.UTC(2031, 4, 6, 12)

const clock = (): number => NOON

export async function createIssuer(): Promise<TestIssuer> {
  return createTestIssuer({ clock })
}

/** A new verifier for an issuer that all tests of a file share. It is observed, so that failures of the issuer cause no warning. */
export function verifierFor(issuer: TestIssuer, options: Partial<VerifierOptions> = {}): Verifier {
  const onIssuerEvent = (): void => undefined
  return createVerifier({ issuers: [oauth(issuer.oauth())], clock, onIssuerEvent, ...options })
}

/** A verifier and the events of its observer. */
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

/** Runs all callbacks that are ready. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
