import { afterAll, expect, vi } from 'vitest'

const checked = vi.hoisted(() => ({ signatures: 0 }))

/** Every verifier checks signatures with jose alone, as with `signatures: 'jose'`. */
vi.mock('../../src/jwt/signature.js', async (original) => {
  const actual = await original<typeof import('../../src/jwt/signature.js')>()
  const verifyWithJose: typeof actual.verifyWithJose = (...args) => {
    checked.signatures += 1
    return actual.verifyWithJose(...args)
  }
  return { ...actual, verifyWithJose, verifyWithNode: verifyWithJose }
})

afterAll(() => {
  expect(checked.signatures, 'No test here reaches a signature: exclude the file').toBeGreaterThan(0)
})
