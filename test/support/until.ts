/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Lets the event loop turn until something has come about; a test that waits in vain runs into its time limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await nextTurn()
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
