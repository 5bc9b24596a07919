import { afterAll, beforeAll, expect, vi } from 'vitest'

// One object for all files that share modules: the replaced module is evaluated once, and this file for each of them.
const checked = vi.hoisted(() => {
  const shared = globalThis as { checkedSignatures?: { signatures: number } }
  return (shared.checkedSignatures ??= { signatures: 0 })
})

/** No signature is checked on the thread of the event loop, as under load. */
vi.mock('../../../src/jwt/signature-scheduler.js', async (original) => {
  const { SignatureScheduler } = await original<typeof import('../../../src/jwt/signature-scheduler.js')>()
  return {
    SignatureScheduler: class extends SignatureScheduler {
      override shouldRunInline(): boolean {
        checked.signatures += 1
        return false
      }
    },
  }
})

beforeAll(() => {
  checked.signatures = 0
})

afterAll(() => {
  expect(checked.signatures, 'No test here reaches a signature: exclude the file').toBeGreaterThan(0)
})
