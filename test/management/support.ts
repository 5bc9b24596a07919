import { expect } from 'vitest'
import type { Endpoint, TestIssuer } from '../../src/testing/index.js'
import { failureOf } from '../support/outcomes.js'

/** Aborts a call while an endpoint hangs: it must reject with the reason of its signal, not a copy. */
export async function expectGivenUp(
  issuer: TestIssuer,
  endpoint: Endpoint,
  call: (signal: AbortSignal) => PromiseLike<unknown>,
): Promise<void> {
  const gate = issuer.gate(endpoint)
  const controller = new AbortController()
  const failure = failureOf(call(controller.signal))
  await gate.waiting
  const reason = new Error('not wanted any more')
  controller.abort(reason)
  expect(await failure).toBe(reason)
  gate.release()
}
