import type { RefusalReason, VerificationSource } from 'm2m-guard'
import type { Endpoint } from 'm2m-guard/testing'
import type { Demo } from './demo.js'
import type { Row } from './scenario.js'

/** The result of a row's request. */
export interface Outcome {
  readonly row: Row
  readonly status: number
  readonly retryAfter: string | null
  readonly reason: RefusalReason | undefined
  readonly source: VerificationSource | undefined
  readonly calls: readonly Endpoint[]
  /** Time from sending the request to the last byte of the response. */
  readonly milliseconds: number
  readonly isExpected: boolean
}

/** Sends the requests sequentially. */
export async function play(demo: Demo, rows: readonly Row[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const row of rows) outcomes.push(await send(demo, row))
  return outcomes
}

async function send(demo: Demo, row: Row): Promise<Outcome> {
  row.before?.()
  const headers = row.token === undefined ? {} : { authorization: `Bearer ${row.token()}` }
  const callsBefore = { ...demo.issuer.calls }
  demo.decisions.length = 0

  const started = performance.now()
  const response = await fetch(`${demo.url}${row.path}`, { headers })
  await response.arrayBuffer()
  const milliseconds = performance.now() - started

  const decision = demo.decisions.at(-1)
  const seen = {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    reason: decision?.reason,
    source: decision?.source,
    calls: callsSince(callsBefore, demo.issuer.calls),
  }
  return { row, ...seen, milliseconds, isExpected: demo.decisions.length === 1 && matches(row, seen) }
}

/** The endpoints called between two counts, each repeated once per call. */
function callsSince(before: Demo['issuer']['calls'], after: Demo['issuer']['calls']): readonly Endpoint[] {
  return Object.entries(after)
    .filter(([name]) => name !== 'total')
    .flatMap(([name, count]) => Array<Endpoint>(count - before[name as Endpoint]).fill(name as Endpoint))
}

function matches(
  { expected }: Row,
  seen: Pick<Outcome, 'status' | 'retryAfter' | 'reason' | 'source' | 'calls'>,
): boolean {
  return (
    seen.status === expected.status &&
    seen.reason === expected.reason &&
    seen.source === expected.source &&
    // Every 503 must have Retry-After, and no other response may have it.
    (seen.status === 503) === (seen.retryAfter !== null) &&
    (expected.calls === 'any' || [...seen.calls].sort().join() === [...expected.calls].sort().join())
  )
}
