import type { Machine } from './machine.js'
import { intervalOfMedian, median } from './statistics.js'

export type Cell = string | number
export type Row = Readonly<Record<string, Cell>>

export interface Table {
  readonly id: string
  readonly title: string
  readonly columns: readonly {
    readonly key: string
    readonly label: string
    readonly digits?: number | undefined
  }[]
  readonly rows: readonly Row[]
}

/** A target and the measured figure. */
export interface Goal {
  readonly text: string
  readonly figure: string
  readonly met: boolean
  /** Whether the limit is within the 95 % interval of the median. */
  readonly undecided: boolean
}

/** The result of one path of the benchmark, written to results/ unchanged. */
export interface Report {
  readonly path: string
  readonly title: string
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
  /** Information that is needed to interpret the tables. */
  readonly notes: readonly string[]
}

/** A report with the date, machine and versions of its run. */
export interface Result extends Report {
  readonly date: string
  readonly quick: boolean
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
}

/** The length and the number of the measurements. */
export interface Effort {
  readonly quick: boolean
  readonly rounds: number
}

/** A column: key in the results, heading, value of an item, and number of decimal places. */
export type Column<T> = readonly [key: string, label: string, of: (item: T) => Cell, digits?: number]

/** Builds a table with one row per item. */
export function table<T>(id: string, title: string, items: Iterable<T>, columns: readonly Column<T>[]): Table {
  return {
    id,
    title,
    columns: columns.map(([key, label, , digits]) => ({ key, label, digits })),
    rows: [...items].map((item) => Object.fromEntries(columns.map(([key, , of]) => [key, of(item)]))),
  }
}

type Limit = Readonly<{ comparison: '>=' | '<='; limit: number; unit: string }>

export const atMost = (limit: number, unit = '×'): Limit => ({ comparison: '<=', limit, unit })
export const atLeast = (limit: number, unit = '×'): Limit => ({ comparison: '>=', limit, unit })

/**
 * Compares the median of the rounds with a limit. The goal is undecided if the limit is within the 95 % interval of the
 * median, which is the whole range for seven rounds.
 */
export function goal(
  text: string,
  rounds: number | readonly number[],
  { comparison, limit, unit }: Limit,
  remark = '',
): Goal {
  const values = typeof rounds === 'number' ? [rounds] : rounds
  const figure = median(values)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const range = values.length === 1 ? '' : `rounds from ${least.toFixed(2)} to ${most.toFixed(2)}`
  const [low, high] = intervalOfMedian(values)
  const undecided = low < limit && limit < high
  const remarks = [range, undecided ? 'on both sides of the limit' : '', remark].filter((part) => part !== '')
  return {
    text: `${text}: ${comparison} ${limit}${unit}`,
    figure: `${figure.toFixed(2)}${unit}${remarks.length === 0 ? '' : ` (${remarks.join(', ')})`}`,
    met: comparison === '>=' ? figure >= limit : figure <= limit,
    undecided,
  }
}

/** Returns a stored table. */
export function tableOf({ path, tables }: Report, id: string): Table {
  const found = tables.find((some) => some.id === id)
  if (found === undefined) throw new TypeError(`${path}: unknown table ${id}`)
  return found
}

export function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const isNumeric = (key: string): boolean => rows.every((row) => typeof row[key] !== 'string')
  return [
    line(columns.map(({ label }) => label)),
    line(columns.map(({ key }) => (isNumeric(key) ? '---:' : '---'))),
    ...rows.map((row) => line(columns.map(({ key, digits }) => formatCell(row[key], digits)))),
  ].join('\n')
}

export function formatCell(cell: Cell | undefined, digits = 0): string {
  if (cell === undefined || Number.isNaN(cell)) return '–'
  if (typeof cell === 'string') return cell
  return cell.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function goalLines(goals: readonly Goal[]): string {
  return goals.map(({ text, figure, met }) => `- ${met ? 'met' : '**not met**'}: ${text}. ${figure}`).join('\n')
}

/** Formats a complete result as Markdown, for the terminal and for the results page. */
export function markdown({ date, quick, machine, versions, notes, tables, goals }: Result): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const when = `${date}${quick ? ', quick run with short rounds and less reliable figures' : ''}`
  return [
    `${when}. Node ${machine.node}, OpenSSL ${machine.openssl}, ${machine.cores} × ${machine.cpu}, ${machine.platform}.`,
    `${packages.join(', ')}.`,
    ...tables.map((one) => `**${one.title}**\n\n${markdownTable(one)}`),
    ...(goals.length > 0 ? [goalLines(goals)] : []),
    ...notes,
  ].join('\n\n')
}
