import { vi } from 'vitest'

/** No signature is checked on the thread of the event loop, as under load. */
vi.mock('../../src/jwt/signature-scheduler.js', async (original) => {
  const { Pace } = await original<typeof import('../../src/jwt/signature-scheduler.js')>()
  return {
    Pace: class extends Pace {
      override mayStayHere(): boolean {
        return false
      }
    },
  }
})
