import { parseArgs } from 'node:util'
import type { Command } from '../command.js'
import { UsageError } from '../exit-code.js'
import { looksSecret } from './secrets.js'
import type { Environment } from '../terminal.js'
import { missingOf } from './environment.js'

/** The commands that match the command line, and the remaining arguments. */
export interface Selection {
  readonly candidates: readonly Command[]
  readonly rest: readonly string[]
  /** The matched words: empty, `tokens`, or `tokens create`. */
  readonly name: string
}

/**
 * Finds the commands that the leading words name.
 *
 * @throws UsageError for an unknown command.
 */
export function select(commands: readonly Command[], args: readonly string[]): Selection {
  const words = args.slice(0, args.findIndex((arg) => arg.startsWith('-') || arg === '') >>> 0).slice(0, 2)
  const [first, second] = words
  if (first === undefined) return { candidates: [], rest: args, name: '' }
  const alone = commands.filter(({ name }) => name === first)
  if (alone.length > 0) return { candidates: alone, rest: args.slice(1), name: first }
  const group = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length === 0) {
    const known = unique(commands.map(({ name }) => name.split(' ')[0] ?? ''))
    throw new UsageError(`Unknown command${quoted(first)}. Known are ${known.join(', ')}`)
  }
  if (second === undefined) return { candidates: [], rest: args.slice(1), name: first }
  const candidates = group.filter(({ name }) => name === `${first} ${second}`)
  if (candidates.length === 0) {
    const known = unique(group.map(({ name }) => name.slice(first.length + 1)))
    throw new UsageError(`Unknown command ${first}${quoted(second)}. Known are ${known.join(', ')}`)
  }
  return { candidates, rest: args.slice(2), name: `${first} ${second}` }
}

/**
 * Chooses the command of the named vendor, or of the only vendor whose credentials are in the environment.
 *
 * @throws UsageError if no vendor or more than one matches.
 */
export function chooseVendor({ candidates, rest, name }: Selection, env: Environment): Command {
  const [only] = candidates
  if (only !== undefined && only.vendor === undefined) return only
  const named = vendorIn(rest)
  const known = candidates.map(({ vendor }) => vendor ?? '')
  if (named !== undefined) {
    const chosen = candidates.find(({ vendor }) => vendor === named)
    if (chosen !== undefined) return chosen
    throw new UsageError(
      `${name}: not available for the vendor${quoted(named)}. Known are ${known.join(', ')}`,
    )
  }
  const ready = candidates.filter(({ needs }) => missingOf(env, needs).length === 0)
  const [chosen, another] = ready
  if (chosen !== undefined && another === undefined) return chosen
  const why =
    chosen === undefined
      ? 'no credentials for this command were found in the environment'
      : `credentials of several vendors were found in the environment: ${ready.map(({ vendor }) => vendor ?? '').join(' and ')}`
  throw new UsageError(`${name}: specify --vendor ${known.join('|')}: ${why}`)
}

export function vendorIn(args: readonly string[]): string | undefined {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    options: { vendor: { type: 'string' } },
  })
  return typeof values.vendor === 'string' ? values.vendor : undefined
}

/** Quotes a word of the command line, unless it could be a misplaced secret. */
function quoted(word: string): string {
  return word.length > 40 || looksSecret(word) ? '' : ` ${JSON.stringify(word)}`
}

function unique(list: readonly string[]): readonly string[] {
  return [...new Set(list)]
}
