/** Maximum characters of a quoted string, and of a quoted string in a list. */
const LONGEST = { alone: 100, inList: 60 } as const

/** Maximum number of quoted items of a list. */
const MOST_ITEMS = 6

/** Characters of a string that are kept until it is quoted: more than are quoted, so that quoting shows that it was cut. */
const KEPT = LONGEST.alone + 1

/** A value from outside in the form in which it is kept until it is quoted. It holds no large value in memory. */
export type QuotableValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | QuotableList
  | { readonly description: string }

/** A phrase that this package has created: it is printed without quotation marks. */
class Phrase {
  readonly description: string
  constructor(description: string) {
    this.description = description
  }
}

/** Marks a phrase of this package, such as the failure of a fetch, so that {@link quote} prints it unchanged. */
export function phrase(words: string): { readonly description: string } {
  return new Phrase(words)
}

/** The first items of a list, and the number of all. */
interface QuotableList {
  readonly items: readonly QuotableValue[]
  readonly total: number
}

/** Reduces a value to the parts that {@link quote} prints. */
export function quotable(value: unknown): QuotableValue {
  if (typeof value === 'string') return value.length <= KEPT ? value : copyOfStart(value)
  if (Array.isArray(value)) {
    const list = value as readonly unknown[]
    return { items: Array.from(list.slice(0, MOST_ITEMS), quotableItem), total: list.length }
  }
  if (value instanceof Phrase) return value
  return quotableItem(value)
}

function quotableItem(value: unknown): QuotableValue {
  switch (typeof value) {
    case 'string':
      return quotable(value)
    case 'number':
    case 'boolean':
    case 'undefined':
      return value
    default:
      return value === null ? null : { description: typeOf(value) }
  }
}

/** Copies the start of a string, because V8 keeps a string alive as long as a slice of it. */
function copyOfStart(value: string): string {
  return Buffer.from(value.slice(0, KEPT), 'utf16le').toString('utf16le')
}

/** Names the type of a value in JSON's terms, with an article. */
export function typeOf(value: unknown): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Matches the name of an error class. Any other string may quote a request. */
const ERROR_NAME = /^[A-Za-z]\w{0,60}$/

/** Names what was thrown, without its message, which may quote a request. */
export function errorName(error: unknown): string {
  try {
    if (!(error instanceof Error)) return typeOf(error)
    const { name } = error
    return typeof name === 'string' && name !== 'Error' && ERROR_NAME.test(name) ? `a ${name}` : 'an Error'
  } catch {
    // Custom code may throw an object whose properties throw.
    return 'an object'
  }
}

/** As {@link errorName}, with the code of a system error, such as `ENOENT`. */
export function errorNameAndCode(error: unknown): string {
  const code: unknown =
    error instanceof Error ? Object.getOwnPropertyDescriptor(error, 'code')?.value : undefined
  const isSystemCode = typeof code === 'string' && /^E[A-Z]{2,20}$/.test(code)
  return isSystemCode ? `${errorName(error)} (${code})` : errorName(error)
}

/**
 * Prints a value from outside for a log: strings as JSON in visible ASCII, so that neither control characters nor look-alike
 * letters are printed, and cut after 100 characters.
 */
export function quote(value: unknown): string {
  return printQuotable(quotable(value))
}

/** As {@link quote}, for a value that was reduced before. */
export function printQuotable(value: QuotableValue, longest: number = LONGEST.alone): string {
  if (typeof value === 'string') return quoteString(value, longest)
  if (value === undefined) return 'absent'
  if (typeof value !== 'object' || value === null) return String(value)
  if ('description' in value) return value.description
  const { items, total } = value
  const quoted = items.map((item) => printQuotable(item, LONGEST.inList))
  if (total > items.length) quoted.push(`… ${total - items.length} more`)
  return `[${quoted.join(', ')}]`
}

/** Matches a string that is quoted unchanged: visible ASCII and spaces, without quotes and backslashes. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

function quoteString(value: string, longest: number): string {
  if (value.length <= longest && PLAIN.test(value)) return `"${value}"`
  let quoted = ''
  for (let at = 0; at < value.length; at += 1) {
    const piece = escapeCharacter(value.charAt(at))
    if (quoted.length + piece.length > longest) return `"${quoted}…"`
    quoted += piece
  }
  return `"${quoted}"`
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  return PLAIN.test(character) ? character : escapeUnit(character)
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Characters that change or hide what a log shows: control, format (bidirectional and invisible) and separators. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{DI}]/gu

/** Converts a sentence to one line that can be logged: unsafe characters are escaped, and it is cut after `atMost`. */
export function safeLine(sentence: string, atMost: number): string {
  const start = sentence.length > atMost ? sentence.slice(0, atMost + 1) : sentence
  const line = start.replace(UNSAFE, (match) =>
    Array.from({ length: match.length }, (_, index) => escapeUnit(match.charAt(index))).join(''),
  )
  if (line.length <= atMost) return line
  return Buffer.from(`${line.slice(0, atMost - 1)}…`, 'utf16le')
    .toString('utf16le')
    .replace(/\p{Cs}…$/u, '…')
}

/** Formats seconds, rounded to milliseconds, because a difference of two clock readings has more digits than either. */
export function formatSeconds(seconds: number): string {
  return Number.isFinite(seconds) ? `${Math.round(seconds * 1000) / 1000} s` : `${seconds} s`
}
