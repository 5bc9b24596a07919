import type { CommandResult } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { details, table } from './table.js'
import type { Terminal } from '../terminal.js'

type Item = Extract<CommandResult, { readonly item: object }>
type Items = Extract<CommandResult, { readonly items: AsyncIterable<object> }>

/** stdout cannot be written: the reader closed it (`| head`), or the disk is full. */
export class OutputError extends Error {}

/** Writes the result of a command to stdout. */
export async function show(
  outcome: CommandResult,
  terminal: Pick<Terminal, 'stdout'>,
  format: { readonly json: boolean; readonly output?: 'token' | undefined },
): Promise<ExitCode> {
  const write = async (text: string): Promise<void> => {
    try {
      await terminal.stdout(text)
    } catch (error) {
      throw new OutputError('stdout cannot be written', { cause: error })
    }
  }
  if ('report' in outcome) {
    await write(format.json ? line(outcome.json) : outcome.report)
    await outcome.until
    return outcome.code
  }
  if ('item' in outcome) {
    if (format.output !== undefined) {
      // `$(...)` removes the line break.
      await write(`${String(whole(outcome)[format.output])}\n`)
      return outcome.code ?? EXIT.done
    }
    await write(format.json ? line(whole(outcome)) : details({ ...whole(outcome), ...outcome.instead }))
    return outcome.code ?? EXIT.done
  }
  await (format.json ? stream(outcome, write) : collect(outcome, write))
  return EXIT.done
}

/** Adds the secrets that are returned only once. This is the only place where a secret is printed. */
function whole({ item, secrets = [] }: Item): Readonly<Record<string, unknown>> {
  const all = item as Readonly<Record<string, unknown>>
  const shown = secrets.filter((name) => all[name] !== undefined).map((name) => [name, all[name]] as const)
  return { ...all, ...Object.fromEntries(shown) }
}

/** Writes every item immediately, one per line. */
async function stream(outcome: Items, write: (text: string) => Promise<void>): Promise<void> {
  for await (const item of taken(outcome)) await write(line(item))
}

/** Collects all items, because the widest one determines the column width. Items before a failure are printed. */
async function collect(outcome: Items, write: (text: string) => Promise<void>): Promise<void> {
  const items: object[] = []
  try {
    for await (const item of taken(outcome)) items.push(item)
  } catch (error) {
    if (items.length > 0) await write(table(outcome.columns, items))
    throw error
  }
  await write(items.length === 0 ? 'None.\n' : table(outcome.columns, items))
}

async function* taken({ items, limit = Number.POSITIVE_INFINITY }: Items): AsyncGenerator<object> {
  let left = limit
  if (left <= 0) return
  for await (const item of items) {
    yield item
    left -= 1
    if (left <= 0) return
  }
}

/** Formats one line of JSON with every property; `undefined` becomes `null`. Control characters are escaped. */
function line(item: object): string {
  const json = JSON.stringify(item, (_name, value: unknown) => (value === undefined ? null : value))
  const escaped = json.replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${escaped}\n`
}
