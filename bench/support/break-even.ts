import { KEPT_AS_TEXT, READ_AGAIN, SEEN_ONCE } from '../choices/seen-once.js'
import { markdownTable, type Cell, type Result, type Table } from './report.js'

const OWN = 'm2m-guard authorize'
const FORGETFUL = 'm2m-guard authorize, cache: false'

/**
 * From how many requests with the same token on remembering costs less than checking each time: the first one pays
 * for being remembered, the second for being read again, and each but the first saves the check.
 */
export function breakEven(known: Result, fresh: Result, choices: Result): string {
  const again = cpuOf(choices, SEEN_ONCE, READ_AGAIN) - cpuOf(choices, SEEN_ONCE, KEPT_AS_TEXT)
  const rows = ['RS256', 'ES256'].map((algorithm) => {
    const remembered = cpuOf(known, `${algorithm}, 1,000 tokens, sequential`, OWN)
    const checked = cpuOf(fresh, `${algorithm}, sequential`, FORGETFUL)
    const first = cpuOf(fresh, `${algorithm}, sequential`, OWN)
    const requests = Math.max(1, 1 + (first + again - checked) / (checked - remembered))
    return { algorithm, checked, first, again, remembered, requests }
  })
  const table: Table = {
    id: 'break-even',
    title: '',
    columns: [
      { key: 'algorithm', label: 'algorithm' },
      { key: 'checked', label: 'C: checked, nothing remembered, µs', digits: 1 },
      { key: 'first', label: 'F: checked and remembered, µs', digits: 1 },
      { key: 'again', label: 'R: read again, µs', digits: 1 },
      { key: 'remembered', label: 'K: known, µs', digits: 2 },
      { key: 'requests', label: 'break-even, requests per token', digits: 2 },
    ],
    rows,
  }
  const quick = known.quick || fresh.quick || choices.quick ? ' A quick run: not for quoting.' : ''
  return `${markdownTable(table)}\n\nCPU, medians, of the runs of ${known.date}, ${fresh.date} and, for R, ${choices.date}.${quick}`
}

function cpuOf({ tables }: Result, id: string, name: string): number {
  const rows: readonly Readonly<Record<string, Cell>>[] = tables.find((table) => table.id === id)?.rows ?? []
  const cpu = rows.find((row) => row['name'] === name)?.['cpu']
  if (typeof cpu !== 'number') throw new TypeError(`${id}: no figure of ${name}`)
  return cpu
}
