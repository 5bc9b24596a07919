/** Names of properties that are seconds since the epoch. */
const TIME = /(?:At|Time|notBefore|^before)$/

/** Characters that could control a terminal or change the reading order. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Formats a value on one line: times in ISO format, lists with commas, `-` for an absent value. */
function cell(name: string, value: unknown): string {
  if (value === undefined || value === null || value === '') return '-'
  if (typeof value === 'number' && TIME.test(name)) return timeOf(value)
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(plain).join(', ')
  return plain(value)
}

function plain(value: unknown): string {
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Escapes characters with which a vendor's string could control the terminal. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`)
}

function timeOf(seconds: number): string {
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString().replace('.000Z', 'Z')
}

/** Converts a property name to a heading: `LAST USED AT` for `lastUsedAt`. */
function heading(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()
}

/** Formats rows under headings. */
export function table(columns: readonly string[], items: readonly object[]): string {
  const rows = items.map((item) =>
    columns.map((name) => cell(name, (item as Readonly<Record<string, unknown>>)[name])),
  )
  return aligned([columns.map(heading), ...rows])
}

/** Formats one name and value per line. */
export function details(item: Readonly<Record<string, unknown>>): string {
  return aligned(Object.entries(item).map(([name, value]) => [name, cell(name, value)]))
}

/** Pads columns and separates them with two spaces, without trailing spaces. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((text, at) => {
      widths[at] = Math.max(widths[at] ?? 0, lengthOf(text))
    })
  }
  return rows
    .map((row) => {
      const padded = row.map((text, at) => text + ' '.repeat((widths[at] ?? 0) - lengthOf(text)))
      return `${padded.join('  ').trimEnd()}\n`
    })
    .join('')
}

function lengthOf(text: string): number {
  // Characters outside the basic plane have two UTF-16 units and one column.
  return Array.from(text).length
}
