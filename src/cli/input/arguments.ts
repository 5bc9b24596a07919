import { parseArgs } from 'node:util'
import { ConfigurationError } from '../../options/configuration-error.js'
import { MANAGEMENT_OPTIONS } from '../../management/api/vendor-api.js'
import type { Command } from '../command.js'
import { UsageError } from '../exit-code.js'
import { duration, flag, text, toFlag, type Option, type Options } from './option.js'
import { isPlaceOfSecret, looksSecret } from './secrets.js'
import { VARIABLE_NAMES, VARIABLES } from './environment.js'

/** What a command line says, with secrets still where they are. */
export interface Arguments {
  readonly values: Readonly<Record<string, unknown>>
  readonly operand: string
  readonly json: boolean
  readonly yes: boolean
  readonly deadline: number | string | undefined
}

const COMMON = {
  vendor: text('VENDOR', 'whose API; may be left out if the environment has the credentials of one only'),
  json: flag('JSON for programs, in place of a table for people'),
  deadline: duration('bounds each call, at most 60s'),
  help: flag('shows this'),
}

/** The options of a command, those that every command has included. */
export function optionsOf(command: Command): Options {
  const yes = command.isDestructive ? { yes: flag('does it without asking') } : {}
  const { vendor, ...common } = COMMON
  return { ...command.options, ...(command.vendor === undefined ? {} : { vendor }), ...yes, ...common }
}

/**
 * Reads what stands behind the words of a command.
 *
 * @throws UsageError naming what is wrong, and never a value that could be a secret.
 */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  const options = optionsOf(command)
  const names = new Map(Object.keys(options).map((name) => [toFlag(name).slice(2), name]))
  const { raw, positionals } = parse(options, names, args)
  const values: Record<string, unknown> = {}
  for (const [kebab, name] of names) {
    const option = options[name]
    const texts = raw.get(kebab) ?? []
    if (option === undefined) continue
    if (texts.length === 0) {
      if (option.isRequired) throw new UsageError(`${command.name}: ${toFlag(name)} is required`)
      continue
    }
    const read = texts.map((value) => readValue(toFlag(name), option, value))
    values[name] = option.isMultiple ? read : read[0]
  }
  const { vendor: _vendor, json, yes, deadline, help: _help, ...own } = values
  return {
    values: own,
    operand: readOperand(command, positionals),
    json: json === true,
    yes: yes === true,
    deadline: readDeadline(deadline as number | string | undefined),
  }
}

interface Parsed {
  readonly raw: ReadonlyMap<string, readonly string[]>
  readonly positionals: readonly string[]
}

function parse(options: Options, names: ReadonlyMap<string, string>, args: readonly string[]): Parsed {
  const config = Object.fromEntries(
    [...names].map(([kebab, name]) => [
      kebab,
      { type: options[name]?.metavar === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  // Not strict, as the messages are our own: Node's do not say what is known, and take every value that begins with
  // a dash for a mistake, which a hash of a token may well begin with.
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    allowPositionals: true,
    tokens: true,
    strict: false,
  })
  const raw = new Map<string, readonly string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { rawName, value, inlineValue } = token
    const option = options[names.get(token.name) ?? '']
    if (option === undefined) throw unknownOption(rawName, [...names.keys()])
    const before = raw.get(token.name)
    if (before !== undefined && !option.isMultiple) throw new UsageError(`${rawName} is given twice`)
    if (option.metavar === undefined && value !== undefined) throw new UsageError(`${rawName} takes no value`)
    if (option.metavar !== undefined && (value === undefined || (!inlineValue && value.startsWith('--'))))
      throw new UsageError(
        `${rawName}: its value is missing. One that begins with -- is written ${rawName}=VALUE`,
      )
    raw.set(token.name, [...(before ?? []), value ?? ''])
  }
  return {
    raw,
    positionals: tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])),
  }
}

function unknownOption(rawName: string, known: readonly string[]): UsageError {
  if (/secret|key|password|credential|token/i.test(rawName)) {
    const secrets = VARIABLE_NAMES.filter((name) => VARIABLES[name].isSecret)
    return new UsageError(
      `${rawName.length > 40 ? 'That' : rawName} is no option here. Credentials come from environment variables ` +
        `(${secrets.join(', ')}): an argument stands in the shell's history and in lists of processes`,
    )
  }
  const name = rawName.length > 40 ? '' : ` ${rawName}`
  return new UsageError(`Unknown option${name}. Known are ${known.map((one) => `--${one}`).join(', ')}`)
}

function readValue(where: string, option: Option, value: string): unknown {
  if (option.isSecret && !isPlaceOfSecret(value)) throw onCommandLine(where)
  // Of an option that is no secret, what looks like one was mixed up with it: it is refused unseen.
  if (!option.isSecret && looksSecret(value) && option.metavar !== 'URL') throw misplaced(where)
  try {
    return option.read(where, value)
  } catch (error) {
    throw error instanceof ConfigurationError ? new UsageError(error.message) : error
  }
}

function readOperand({ name, operand }: Command, positionals: readonly string[]): string {
  const [first, second] = positionals
  if (operand === undefined) {
    if (first !== undefined) throw new UsageError(`${name}: takes no argument but options`)
    return ''
  }
  const shown = `<${operand.name}>`
  if (first === undefined) {
    const how = operand.isSecret ? ': - for stdin, or env:NAME for an environment variable' : ''
    throw new UsageError(`${name}: ${shown} is missing${how}`)
  }
  if (second !== undefined) throw new UsageError(`${name}: takes one argument, ${shown}, and options`)
  if (operand.isSecret && !isPlaceOfSecret(first)) throw onCommandLine(shown)
  if (!operand.isSecret && looksSecret(first)) throw misplaced(shown)
  if (operand.pattern?.test(first) === false) throw new UsageError(`${shown}: must be ${operand.help}`)
  return first
}

function onCommandLine(where: string): UsageError {
  return new UsageError(
    `${where}: must be - (stdin) or env:NAME (an environment variable): a secret on the command line stands in the ` +
      "shell's history and in lists of processes",
  )
}

function misplaced(where: string): UsageError {
  return new UsageError(
    `${where}: this looks like a secret, which has no place on the command line. If it is one, it is in the shell's ` +
      'history now: take it out there',
  )
}

function readDeadline(value: number | string | undefined): number | string | undefined {
  try {
    MANAGEMENT_OPTIONS.deadline.read('--deadline', value)
    return value
  } catch (error) {
    throw error instanceof ConfigurationError ? new UsageError(error.message) : error
  }
}
