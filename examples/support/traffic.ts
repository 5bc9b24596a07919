import { setImmediate } from 'node:timers/promises'

/** Requests that are sent continuously, and their results. */
export interface Traffic {
  readonly completed: number
  /** Requests with another status than 200, or without a response. */
  readonly failed: number
  /** Resolves after `count` more requests have completed. */
  more(count: number): Promise<void>
  /** Resolves after every request that is now in flight has completed. */
  settleInFlight(): Promise<void>
  /** Sends no more requests, and resolves after the last one has completed. */
  stop(): Promise<void>
}

/** Sends requests, `width` at a time, and starts the next one as soon as one completes. */
export function startTraffic(width: number, send: () => Promise<{ readonly status: number }>): Traffic {
  const inFlight = new Set<Promise<void>>()
  const waiting = new Set<{ readonly goal: number; readonly reached: () => void }>()
  let completed = 0
  let failed = 0
  let isStopped = false

  async function one(): Promise<void> {
    const isAccepted = await send().then(
      ({ status }) => status === 200,
      () => false,
    )
    completed += 1
    if (!isAccepted) failed += 1
    for (const waiter of waiting) {
      if (completed < waiter.goal) continue
      waiting.delete(waiter)
      waiter.reached()
    }
  }

  async function lane(): Promise<void> {
    while (!isStopped) {
      const request = one()
      inFlight.add(request)
      await request
      inFlight.delete(request)
      // Requests that fail synchronously must not block the event loop.
      await setImmediate()
    }
  }

  const lanes = Array.from({ length: width }, () => lane())
  return {
    get completed() {
      return completed
    },
    get failed() {
      return failed
    },
    more: (count) =>
      new Promise((resolve) => {
        waiting.add({ goal: completed + count, reached: resolve })
      }),
    settleInFlight: async () => {
      await Promise.all(inFlight)
    },
    stop: async () => {
      isStopped = true
      await Promise.all(lanes)
    },
  }
}
