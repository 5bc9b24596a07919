import type { Machine } from './machine.js'
import { intervalOfMedian, median } from './statistics.js'

export type Cell = string | number

/** A column: the member of the rows it shows, its heading, and how many digits follow the point. */
export interface Column {
  readonly key: string
  readonly label: string
  readonly digits?: number
}

export interface Table {
  readonly id: string
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly Readonly<Record<string, Cell>>[]
}

/** What was wished for, and what came of it. */
export interface Goal {
  readonly text: string
  readonly figure: string
  readonly met: boolean
  /** Some rounds say yes and some say no. */
  readonly undecided: boolean
}

/** What one path of the bench has to say; written to results/ as it stands. */
export interface Report {
  readonly path: string
  readonly title: string
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
  /** What a reader of the tables must know. */
  readonly notes: readonly string[]
}

/** A report with where and how it came about. */
export interface Result extends Report {
  readonly date: string
  readonly quick: boolean
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
}

/** How long and how often is measured. */
export interface Effort {
  readonly quick: boolean
  readonly rounds: number
}

/**
 * Judges the median of the rounds, and tells where they end. They do not agree where the limit is in the interval in
 * which, by these rounds, the median of ever so many would be with 95 % certainty: of seven rounds that is all of them.
 */
export function goal(
  text: string,
  rounds: number | readonly number[],
  unit: string,
  comparison: '>=' | '<=',
  limit: number,
  remark = '',
): Goal {
  const values = typeof rounds === 'number' ? [rounds] : rounds
  const figure = median(values)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const range = values.length === 1 ? '' : `rounds from ${least.toFixed(2)} to ${most.toFixed(2)}`
  const [low, high] = intervalOfMedian(values)
  const undecided = low < limit && limit < high
  const remarks = [range, undecided ? 'which do not agree' : '', remark]
    .filter((part) => part !== '')
    .join(', ')
  return {
    text: `${text}: ${comparison} ${limit}${unit}`,
    figure: `${figure.toFixed(2)}${unit}${remarks === '' ? '' : ` (${remarks})`}`,
    met: comparison === '>=' ? figure >= limit : figure <= limit,
    undecided,
  }
}

export function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const isNumeric = (key: string): boolean => rows.every((row) => typeof row[key] !== 'string')
  return [
    line(columns.map(({ label }) => label)),
    line(columns.map(({ key }) => (isNumeric(key) ? '---:' : '---'))),
    ...rows.map((row) => line(columns.map(({ key, digits }) => shown(row[key], digits)))),
  ].join('\n')
}

function shown(cell: Cell | undefined, digits = 0): string {
  if (cell === undefined || (typeof cell === 'number' && Number.isNaN(cell))) return '–'
  if (typeof cell === 'string') return cell
  return cell.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function goalLines(goals: readonly Goal[]): string {
  return goals
    .map(({ text, figure, met }) => `- ${met ? 'met' : '**not met**'}: ${text}. ${figure}`)
    .join('\n')
}

/** A whole result as Markdown, for the terminal and for the paper. */
export function markdown(result: Result): string {
  const { machine, versions, notes, tables, goals } = result
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const how = `${result.date}${result.quick ? ', quick run (short rounds: not for quoting)' : ''}`
  return [
    `${how}. Node ${machine.node}, OpenSSL ${machine.openssl}, ${machine.cores} × ${machine.cpu}, ${machine.platform}.`,
    ...(packages.length > 0 ? [`${packages.join(', ')}.`] : []),
    ...tables.map((table) => `**${table.title}**\n\n${markdownTable(table)}`),
    ...(goals.length > 0 ? [goalLines(goals)] : []),
    ...notes,
  ].join('\n\n')
}
