import type { Outcome } from './play.js'
import type { Expected } from './scenario.js'

const HEADINGS = ['request', 'route', 'status', 'reason', 'from', 'calls to the issuer', 'ms']
const NOTHING = '–'

/** Renders the outcomes as a table, with the expected result below each unexpected row. */
export function renderTable(outcomes: readonly Outcome[]): string {
  const cells = outcomes.map(cellsOf)
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === HEADINGS.length - 1
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const rows = outcomes.flatMap((outcome, index) => [
    line(cells[index] ?? []),
    ...(outcome.isExpected ? [] : [`^ UNEXPECTED: expected ${expectation(outcome.row.expected)}`]),
  ])
  return [line(HEADINGS), line(widths.map((width) => '-'.repeat(width))), ...rows].join('\n')
}

/** A line with the number of expected and unexpected rows. */
export function summary(outcomes: readonly Outcome[]): string {
  const unexpected = outcomes.filter(({ isExpected }) => !isExpected).length
  return unexpected === 0
    ? `${outcomes.length} rows, all as expected`
    : `${outcomes.length} rows, ${unexpected} NOT as expected`
}

function cellsOf({
  row,
  status,
  retryAfter,
  reason,
  source,
  calls,
  milliseconds,
}: Outcome): readonly string[] {
  return [
    row.request,
    row.path,
    retryAfter === null ? String(status) : `${status}, retry after ${retryAfter} s`,
    reason ?? NOTHING,
    source ?? NOTHING,
    formatCalls(calls),
    milliseconds.toFixed(1),
  ]
}

function formatCalls(calls: readonly string[]): string {
  return calls.length === 0 ? '0' : `${calls.length} (${calls.join(', ')})`
}

function expectation({ status, reason, source, calls }: Expected): string {
  const parts = [String(status), reason ?? 'no reason', `from ${source ?? NOTHING}`]
  if (calls !== 'any') parts.push(`calls ${formatCalls(calls)}`)
  return parts.join(', ')
}
