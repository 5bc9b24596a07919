import type { IssuerCallResult, IssuerCallWatch, ReportCall } from '../model/issuer/issuer-calls.js'
import type { RefusalReason } from '../model/refusal/reasons.js'
import { observe } from './observe.js'
import type { Observers } from './observers.js'

/** Creates the function that makes the calls to one issuer and reports them. */
export function callReports(
  { name: issuer, provider }: { readonly name: string; readonly provider: string },
  observers: Observers,
): ReportCall {
  return (kind, start, reasonOf) => {
    const watches = observers.announceCall(() => ({ kind, issuer, provider }))
    return watches.length === 0 ? start() : watchCall(watches, start, reasonOf)
  }
}

async function watchCall<T>(
  watches: readonly IssuerCallWatch[],
  start: () => Promise<T>,
  reasonOf: ((result: T) => RefusalReason | undefined) | undefined,
): Promise<T> {
  const started = performance.now()
  try {
    const result = await startWithin(watches, start)
    end(watches, started, reasonOf?.(result))
    return result
  } catch (error) {
    end(watches, started, 'keys_unavailable')
    throw error
  }
}

/** Starts a call within the `run` of every observer, and anyway if one of them does not start it. */
function startWithin<T>(watches: readonly IssuerCallWatch[], start: () => Promise<T>): Promise<T> {
  let started: Promise<T> | undefined
  const startOnce = (): Promise<T> => (started ??= start())
  let outermost = (): void => void startOnce()
  for (const watch of watches) {
    const inner = outermost
    outermost = () => {
      if (watch.run === undefined) inner()
      else
        observe(
          (next) => watch.run?.(next),
          () => inner,
        )
    }
  }
  outermost()
  return startOnce()
}

function end(watches: readonly IssuerCallWatch[], started: number, reason: RefusalReason | undefined): void {
  const durationMs = performance.now() - started
  const result: IssuerCallResult = Object.freeze({ durationMs, ...(reason === undefined ? {} : { reason }) })
  for (const watch of watches)
    if (watch.end !== undefined)
      observe(
        (ended) => watch.end?.(ended),
        () => result,
      )
}
