import { afterAll, beforeAll, expect, vi } from 'vitest'

// One object for all files that share modules: the replaced module is evaluated once, and this file for each of them.
const checked = vi.hoisted(() => {
  const shared = globalThis as { checkedSignatures?: { signatures: number } }
  return (shared.checkedSignatures ??= { signatures: 0 })
})

/** Every verifier checks signatures with jose alone, as with `signatures: 'jose'`. */
vi.mock('../../../src/jwt/signature.js', async (original) => {
  const actual = await original<typeof import('../../../src/jwt/signature.js')>()
  const verifyWithJose: typeof actual.verifyWithJose = (...args) => {
    checked.signatures += 1
    return actual.verifyWithJose(...args)
  }
  return { ...actual, verifyWithJose, verifyWithNode: verifyWithJose }
})

beforeAll(() => {
  checked.signatures = 0
})

afterAll(() => {
  expect(checked.signatures, 'No test here reaches a signature: exclude the file').toBeGreaterThan(0)
})
