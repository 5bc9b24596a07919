import { formatSeconds, printQuotable, quotable, safeLine, type QuotableValue } from '../../util/quote.js'

/** Maximum length of a detail, in characters. */
export const MAX_DETAIL_LENGTH = 500

/** How a number is printed: `s` as seconds, `time` as the date of seconds since the epoch. Other values are quoted. */
type Kind = 's' | 'time'

/** Names of the placeholders of a template, such as `exp` of `{exp:time}`. */
export type PlaceholderOf<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? NameOf<Name> | PlaceholderOf<Rest>
  : never

type NameOf<Placeholder extends string> = Placeholder extends `${infer Name}:${Kind}` ? Name : Placeholder

const PLACEHOLDER = /\{(\w+)(?::(\w+))?\}/g

/**
 * Returns a function that fills a template when its result is read. Most refusals of an attack are never read. The values are
 * reduced immediately, so that a refusal keeps no claim of several kilobytes in memory.
 */
export function lazyDetail(template: string, values: Readonly<Record<string, unknown>>): () => string {
  const kept: Record<string, QuotableValue> = {}
  for (const name of Object.keys(values)) kept[name] = quotable(values[name])
  return () => fill(template, kept)
}

/** Fills a template immediately. */
export function filledDetail(template: string, values: Readonly<Record<string, unknown>>): string {
  return lazyDetail(template, values)()
}

function fill(template: string, values: Readonly<Record<string, QuotableValue>>): string {
  const filled = template.replace(PLACEHOLDER, (_, name: string, kind: Kind | undefined) =>
    print(values[name], kind),
  )
  return safeLine(filled, MAX_DETAIL_LENGTH)
}

function print(value: QuotableValue, kind: Kind | undefined): string {
  if (typeof value !== 'number' || kind === undefined) return printQuotable(value)
  return kind === 's' ? formatSeconds(value) : printTime(value)
}

/** Milliseconds since the epoch of the last day that a Date can represent. */
const LATEST_DATE = 8.64e15

function printTime(seconds: number): string {
  const milliseconds = seconds * 1000
  // A custom issuer may return any number, and `toISOString` throws for one out of range.
  if (!(Math.abs(milliseconds) <= LATEST_DATE)) return String(seconds)
  return new Date(milliseconds).toISOString().replace(/\.000Z$/, 'Z')
}
