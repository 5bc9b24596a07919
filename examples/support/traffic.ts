import { setImmediate } from 'node:timers/promises'

/** Requests that are sent all the time, and what has become of them. */
export interface Traffic {
  readonly answered: number
  /** Those whose status was not 200, or that were not answered at all. */
  readonly failed: number
  /** Resolves once so many more requests are answered. */
  more(count: number): Promise<void>
  /** Resolves once every request that is under way at this moment is answered. */
  turnOver(): Promise<void>
  /** Sends no more, and resolves once the last is answered. */
  stop(): Promise<void>
}

/** Sends requests, `width` at a time, each of them as soon as the one before is answered. */
export function startTraffic(width: number, send: () => Promise<{ readonly status: number }>): Traffic {
  const underWay = new Set<Promise<void>>()
  const waiting = new Set<{ readonly goal: number; readonly reached: () => void }>()
  let answered = 0
  let failed = 0
  let isStopped = false

  async function one(): Promise<void> {
    const isGood = await send().then(
      ({ status }) => status === 200,
      () => false,
    )
    answered += 1
    if (!isGood) failed += 1
    for (const waiter of waiting) {
      if (answered < waiter.goal) continue
      waiting.delete(waiter)
      waiter.reached()
    }
  }

  async function lane(): Promise<void> {
    while (!isStopped) {
      const request = one()
      underWay.add(request)
      await request
      underWay.delete(request)
      // What fails without any waiting must not keep everything else from happening.
      await setImmediate()
    }
  }

  const lanes = Array.from({ length: width }, () => lane())
  return {
    get answered() {
      return answered
    },
    get failed() {
      return failed
    },
    more: (count) =>
      new Promise((resolve) => {
        waiting.add({ goal: answered + count, reached: resolve })
      }),
    turnOver: async () => {
      await Promise.all(underWay)
    },
    stop: async () => {
      isStopped = true
      await Promise.all(lanes)
    },
  }
}
