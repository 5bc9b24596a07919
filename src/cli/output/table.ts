/** Members that are seconds since the epoch. */
const TIME = /(?:At|Time|notBefore)$/

/** Whatever could steer a terminal, or change the order of what is read there. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** A value as people read it, on one line: times in ISO form, lists with commas, nothing as a dash. */
function cell(name: string, value: unknown): string {
  if (value === undefined || value === null || value === '') return '-'
  if (typeof value === 'number' && TIME.test(name)) return timeOf(value)
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(plain).join(', ')
  return plain(value)
}

function plain(value: unknown): string {
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}

/** A vendor's text must not steer the terminal it is shown in. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`)
}

function timeOf(seconds: number): string {
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString().replace('.000Z', 'Z')
}

/** `lastUsedAt` as a heading: `LAST USED AT`. */
function heading(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()
}

/** Rows under headings. */
export function table(columns: readonly string[], items: readonly object[]): string {
  const rows = items.map((item) =>
    columns.map((name) => cell(name, (item as Readonly<Record<string, unknown>>)[name])),
  )
  return aligned([columns.map(heading), ...rows])
}

/** One name and value per line. */
export function details(item: Readonly<Record<string, unknown>>): string {
  return aligned(Object.entries(item).map(([name, value]) => [name, cell(name, value)]))
}

/** Columns two spaces apart; nothing at the ends of lines. */
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
  // Letters outside the basic plane are two units long and one column wide.
  return Array.from(text).length
}
