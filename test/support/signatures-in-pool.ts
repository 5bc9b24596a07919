import { vi } from 'vitest'

/** No signature is checked on the thread of the event loop, as under load. */
vi.mock('../../src/jwt/signature-scheduler.js', async (original) => {
  const { SignatureScheduler } = await original<typeof import('../../src/jwt/signature-scheduler.js')>()
  return {
    SignatureScheduler: class extends SignatureScheduler {
      override shouldRunInline(): boolean {
        return false
      }
    },
  }
})
