import { expect } from 'vitest'
import type { Endpoint, TestIssuer } from '../../src/testing/index.js'

/** What a promise rejects with; an error of its own if it does not. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

/** Gives a call up while an endpoint is silent: it must fail with the very reason of its signal. */
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
