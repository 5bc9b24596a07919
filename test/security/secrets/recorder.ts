import { inspect } from 'node:util'
import { vi } from 'vitest'

/** Everything that was said, and where: what a log, a dashboard or a caller would see. */
export interface Recorder {
  readonly said: readonly { readonly where: string; readonly text: string }[]
  /** Records a string, or a value in every form in which it could become visible. */
  readonly hear: (where: string, value: unknown) => void
  /** Gives console, warnings and the standard streams back. */
  readonly stop: () => void
}

const CONSOLE = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const

/** Listens to the console, to warnings of the process and to both standard streams. */
export function startRecorder(): Recorder {
  const said: { readonly where: string; readonly text: string }[] = []
  const known = new Set<string>()
  const hear = (where: string, value: unknown): void => {
    for (const text of textsOf(value)) {
      // The same string in the same place needs one search.
      const entry = `${where} ${text}`
      if (known.has(entry)) continue
      known.add(entry)
      said.push({ where, text })
    }
  }
  const spies = [
    ...CONSOLE.map((name) =>
      vi.spyOn(console, name).mockImplementation((...args) => hear(`console.${name}`, args)),
    ),
    ...(['stdout', 'stderr'] as const).map((name) =>
      vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
        hear(name, Buffer.from(chunk).toString())
        return true
      }),
    ),
  ]
  const onWarning = (warning: Error): void => hear('warning', warning)
  process.on('warning', onWarning)
  return {
    said,
    hear,
    stop() {
      process.off('warning', onWarning)
      for (const spy of spies) spy.mockRestore()
    },
  }
}

/** A value as a string, as JSON, as Node prints it in depth, and for errors its message, stack and causes. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  const texts = [String(value), json(value), inspect(value, { depth: 10, showHidden: true, getters: true })]
  if (!(value instanceof Error)) return texts
  const aggregated = value instanceof AggregateError ? value.errors : []
  return [
    ...texts,
    value.message,
    value.stack ?? '',
    ...('detail' in value && typeof value.detail === 'string' ? [value.detail] : []),
    ...[...aggregated, value.cause].flatMap((item) => (item === undefined ? [] : textsOf(item))),
  ]
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

const SHORTEST_PART = 8
const EDGE = 12

/** Forms in which a secret, or a revealing part of it, could appear in a string. */
export function formsOf(secret: string): readonly string[] {
  const parts = [secret, ...secret.split('.'), secret.slice(0, EDGE), secret.slice(-EDGE)]
  const long = parts.filter((part) => part.length >= SHORTEST_PART)
  const forms = long.flatMap((part) => [
    part,
    encodeURIComponent(part),
    new URLSearchParams({ part }).toString().slice('part='.length),
    JSON.stringify(part).slice(1, -1),
  ])
  const encoded = (['base64', 'base64url', 'hex'] as const).map((form) => Buffer.from(secret).toString(form))
  return [...new Set([...forms, ...encoded])]
}

/** The header value of Basic authentication, plain and form-encoded first. */
export function basicForms(id: string, secret: string): readonly string[] {
  const formEncoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return [`${id}:${secret}`, `${formEncoded(id)}:${formEncoded(secret)}`].map((pair) =>
    Buffer.from(pair).toString('base64'),
  )
}

/** Where a secret was said, as a message: the place and which secret, not the secret itself. */
export function leaks(
  said: Recorder['said'],
  secrets: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const search = searchFor(secrets)
  const found = new Set<string>()
  for (const { where, text } of said) for (const name of search(text)) found.add(`${name} in ${where}`)
  return [...found]
}

const START = 8

/**
 * One pass over a string for thousands of forms: the hash of four characters rules out almost every position, the first
 * eight characters the others. Searching for each form in turn took most of the time of these tests.
 */
function searchFor(secrets: ReadonlyMap<string, readonly string[]>): (text: string) => Iterable<string> {
  const hashes = new Uint8Array(1 << 16)
  const byStart = new Map<string, { readonly name: string; readonly form: string }[]>()
  for (const [name, forms] of secrets) {
    for (const form of forms) {
      if (form.length < START) throw new Error(`a form of ${name} is too short to be searched for`)
      const start = form.slice(0, START)
      hashes[hashAt(form, 0)] = 1
      byStart.set(start, [...(byStart.get(start) ?? []), { name, form }])
    }
  }
  return function* (text) {
    for (let at = 0; at <= text.length - START; at += 1) {
      if (hashes[hashAt(text, at)] === 0) continue
      for (const { name, form } of byStart.get(text.slice(at, at + START)) ?? [])
        if (text.startsWith(form, at)) yield name
    }
  }
}

function hashAt(text: string, at: number): number {
  let hash = 0
  for (let offset = 0; offset < 4; offset += 1) hash = hash * 31 + text.charCodeAt(at + offset)
  return hash & 0xffff
}
