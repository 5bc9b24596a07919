import { vi } from 'vitest'

/** Every verifier checks signatures with jose alone, as with `signatures: 'jose'`. */
vi.mock('../../src/jwt/signature.js', async (original) => {
  const actual = await original<typeof import('../../src/jwt/signature.js')>()
  return { ...actual, verifyWithNode: actual.verifyWithJose }
})
