import { afterAll, expect, vi } from 'vitest'

const checked = vi.hoisted(() => ({ signatures: 0 }))

/** No signature is checked on the thread of the event loop, as under load. */
vi.mock('../../src/jwt/signature-scheduler.js', async (original) => {
  const { SignatureScheduler } = await original<typeof import('../../src/jwt/signature-scheduler.js')>()
  return {
    SignatureScheduler: class extends SignatureScheduler {
      override shouldRunInline(): boolean {
        checked.signatures += 1
        return false
      }
    },
  }
})

afterAll(() => {
  expect(checked.signatures, 'No test here reaches a signature: exclude the file').toBeGreaterThan(0)
})
