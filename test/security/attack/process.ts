import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished } from 'vitest'
import { codesOf, collectWarnings } from '../../support/warnings.js'

/** Records what no caller has handled, and the warnings of the process, until the test ends. */
export function quietProcess(): {
  readonly unhandled: readonly unknown[]
  readonly warnings: readonly string[]
} {
  const warnings = collectWarnings()
  const unhandled: unknown[] = []
  const record = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', record)
  process.on('uncaughtExceptionMonitor', record)
  onTestFinished(() => {
    process.off('unhandledRejection', record)
    process.off('uncaughtExceptionMonitor', record)
  })
  return { unhandled, warnings }
}

const ISSUER_WARNINGS = ['M2M_GUARD_CREDENTIALS_REFUSED', 'M2M_GUARD_ISSUER_FAILURE']

/** A verifier without an observer reports the first failure of its issuer, and that its credentials are refused: each once. */
export function expectFewWarnings(warnings: readonly string[], verifiers: number): void {
  expect(codesOf(warnings).filter((code) => !ISSUER_WARNINGS.includes(code))).toEqual([])
  expect(warnings.length).toBeGreaterThan(0)
  expect(warnings.length).toBeLessThanOrEqual(ISSUER_WARNINGS.length * verifiers)
}

const MEGABYTE = 1024 * 1024

/** How much the heap may grow while the same things happen again and again, in bytes. */
const MOST_GROWTH = 24 * MEGABYTE

/** Runs between two samples. */
const SAMPLE_EVERY = 60

/** Compares the heap after garbage collections: what an attack leaves behind must not add up. */
export function boundedHeap(): { readonly sample: () => void; readonly expectBounded: () => void } {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const samples: number[] = []
  let calls = 0
  return {
    sample() {
      calls += 1
      if (calls % SAMPLE_EVERY !== 0) return
      collect()
      samples.push(process.memoryUsage().heapUsed)
    },
    expectBounded() {
      // The first sample comes when code and caches have been filled.
      const [first, ...later] = samples
      expect(later.length, 'samples of the heap').toBeGreaterThan(1)
      expect(Math.min(...later.slice(-2)) - first!).toBeLessThan(MOST_GROWTH)
    },
  }
}
