import { setTimeout } from 'node:timers/promises'

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Looks after which `until` waits for another process, which takes long and needs the processor. */
const LOOKS_IN_TURN = 500

/** Milliseconds between two looks at what another process does. They decide nothing. */
const BETWEEN_LOOKS = 2

/**
 * Lets the event loop turn until something has come about; a test that waits in vain runs into its time limit. A condition of
 * this process is looked at in every turn, because it may be over in the next one: a connection, for example, may be lost and
 * back within a millisecond. One that asks another process, which a promise shows, must stay as it is.
 */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 1; ; looks += 1) {
    const held = holds()
    if (await held) return
    const isElsewhere = typeof held !== 'boolean'
    await (isElsewhere && looks > LOOKS_IN_TURN ? setTimeout(BETWEEN_LOOKS) : nextTurn())
  }
}

/** The real fetch. A test can wait for its calls in flight, because no caller awaits those in the background. */
export function watchedFetch(): { readonly fetch: typeof fetch; readonly settled: () => Promise<void> } {
  let underWay = 0
  return {
    fetch: async (input, init) => {
      underWay += 1
      try {
        return await globalThis.fetch(input, init)
      } finally {
        // The one who called learns of the outcome before the one who waits for calls to settle.
        setImmediate(() => (underWay -= 1))
      }
    },
    settled: () => until(() => underWay === 0),
  }
}
