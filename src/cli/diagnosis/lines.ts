import { visible } from '../output/table.js'

/** Result of one check. */
export type Result = 'passed' | 'failed' | 'warning' | 'skipped'

/** One line of a report, and what to do about a failure. */
export interface ReportLine {
  readonly name: string
  readonly result: Result
  readonly detail: string
  readonly advice?: string | undefined
}

const MARKS: Readonly<Record<Result, string>> = { passed: '✔', failed: '✗', warning: '!', skipped: '·' }

/** Colors by their SGR parameters (ECMA-48 section 8.3.117): green, red, yellow, faint. */
const COLORS: Readonly<Record<Result, number>> = { passed: 32, failed: 31, warning: 33, skipped: 2 }

/** Formats one line per check: a mark, the name and the detail. The advice is a line below it. */
export function reportLines(lines: readonly ReportLine[], hasColors: boolean): string {
  const width = Math.max(...lines.map(({ name }) => name.length))
  return lines
    .map(({ name, result, detail, advice }) => {
      const color = (text: string): string => paint(text, COLORS[result], hasColors)
      const start = color(`${MARKS[result]} ${name.padEnd(width)}`)
      const shown = result === 'skipped' ? color(visible(detail)) : visible(detail)
      const cure = advice === undefined ? '' : `${' '.repeat(width + 4)}What to do: ${visible(advice)}\n`
      return `${start}  ${shown}\n${cure}`
    })
    .join('')
}

function paint(text: string, color: number, hasColors: boolean): string {
  return hasColors ? `\x1b[${color}m${text}\x1b[0m` : text
}
