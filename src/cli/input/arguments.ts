import { parseArgs } from 'node:util'
import { ConfigurationError } from '../../options/configuration-error.js'
import { MANAGEMENT_OPTIONS } from '../../management/api/vendor-api.js'
import type { Command } from '../command.js'
import { UsageError } from '../exit-code.js'
import { choice, duration, flag, text, toFlag, type Option, type Options } from './option.js'
import { isPlaceOfSecret, looksSecret } from './secrets.js'
import { VARIABLE_NAMES, VARIABLES, valueOf } from './environment.js'
import type { Environment } from '../terminal.js'

/** Arguments of a command line, in which secrets are still sources. */
export interface Arguments {
  readonly values: Readonly<Record<string, unknown>>
  readonly operand: string
  readonly json: boolean
  readonly yes: boolean
  /** The only part of the result to print. */
  readonly output: 'token' | undefined
  readonly deadline: number | string | undefined
}

const COMMON = {
  vendor: text(
    'VENDOR',
    'the vendor; may be omitted if the environment has the credentials of one vendor only',
  ),
  json: flag('prints JSON: one object per line'),
  output: {
    ...choice(['token'], 'prints only the token, for $(...)'),
    short: 'o',
  },
  deadline: duration('maximum time per call, at most 60s'),
  help: flag('prints this help'),
}

/** Returns the options of a command, including those that every command has. */
export function optionsOf(command: Command): Options {
  const yes = command.isDestructive ? { yes: flag('skips the confirmation') } : {}
  const { vendor, deadline, json, help, output } = COMMON
  const bare = command.name === 'tokens create' ? { output } : {}
  const calls = command.vendor === undefined ? {} : { vendor, deadline }
  return { ...command.options, ...calls, ...yes, ...bare, json, help }
}

/**
 * Reads the arguments after the words of a command, and the environment variables that stand for absent ones.
 *
 * @throws UsageError that names the problem and never a value that could be a secret.
 */
export function readArguments(command: Command, args: readonly string[], env: Environment): Arguments {
  const options = optionsOf(command)
  const names = new Map(Object.keys(options).map((name) => [toFlag(name).slice(2), name]))
  const { raw, positionals } = parse(options, names, args)
  const values: Record<string, unknown> = {}
  for (const [kebab, name] of names) {
    const option = options[name]
    const texts = raw.get(kebab) ?? []
    if (option === undefined) continue
    if (texts.length === 0) {
      const { variable = '' } = option
      const value = valueOf(env, variable)
      if (value !== undefined) values[name] = parseValue(variable, option, value.trim())
      else if (option.isRequired) throw new UsageError(`${command.name}: ${toFlag(name)} is required`)
      continue
    }
    const read = texts.map((value) => readValue(toFlag(name), option, value))
    values[name] = option.isMultiple ? read : read[0]
  }
  const { vendor: _vendor, json, yes, output, deadline, help: _help, ...own } = values
  if (json === true && output !== undefined)
    throw new UsageError(`${command.name}: --json and --output cannot be combined. Leave one of them out`)
  return {
    values: own,
    operand: readOperand(command, positionals),
    json: json === true,
    yes: yes === true,
    output: output as 'token' | undefined,
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
      {
        type: options[name]?.metavar === undefined ? ('boolean' as const) : ('string' as const),
        ...(options[name]?.short === undefined ? {} : { short: options[name].short }),
      },
    ]),
  )
  // Not strict, because Node's messages do not list the known options, and Node refuses every value that begins
  // with a dash, as a token hash may.
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
    if (before !== undefined && !option.isMultiple) throw new UsageError(`${rawName} occurs twice`)
    if (option.metavar === undefined && value !== undefined)
      throw new UsageError(`${rawName} does not accept a value`)
    if (option.metavar !== undefined && (value === undefined || (!inlineValue && value.startsWith('--'))))
      throw new UsageError(
        `${rawName}: the value is missing. Write a value that begins with -- as ${rawName}=VALUE`,
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
      `${rawName.length > 40 ? 'That' : rawName} is not an option. Credentials are read from environment variables ` +
        `(${secrets.join(', ')}), because arguments appear in the shell history and in process lists`,
    )
  }
  const name = rawName.length > 40 ? '' : ` ${rawName}`
  return new UsageError(`Unknown option${name}. Known are ${known.map((one) => `--${one}`).join(', ')}`)
}

function readValue(where: string, option: Option, value: string): unknown {
  if (option.isSecret && !isPlaceOfSecret(value)) throw onCommandLine(where)
  // A value that looks like a secret was probably passed to the wrong option. It is refused without being
  // printed.
  if (!option.isSecret && looksSecret(value) && option.metavar !== 'URL') throw misplaced(where)
  return parseValue(where, option, value)
}

function parseValue(where: string, option: Option, value: string): unknown {
  try {
    return option.read(where, value)
  } catch (error) {
    throw error instanceof ConfigurationError ? new UsageError(error.message) : error
  }
}

function readOperand({ name, operand }: Command, positionals: readonly string[]): string {
  const [first, second] = positionals
  if (operand === undefined) {
    if (first !== undefined) throw new UsageError(`${name}: accepts options only`)
    return ''
  }
  const shown = `<${operand.name}>`
  if (first === undefined) {
    const how = operand.isSecret ? ': - for stdin, or env:NAME for an environment variable' : ''
    throw new UsageError(`${name}: ${shown} is missing${how}`)
  }
  if (second !== undefined) throw new UsageError(`${name}: accepts one argument, ${shown}, and options`)
  if (operand.isSecret && !isPlaceOfSecret(first)) throw onCommandLine(shown)
  if (!operand.isSecret && looksSecret(first)) throw misplaced(shown)
  if (operand.pattern?.test(first) === false) throw new UsageError(`${shown}: must be ${operand.help}`)
  return first
}

function onCommandLine(where: string): UsageError {
  return new UsageError(
    `${where}: must be - (stdin) or env:NAME (an environment variable). A secret on the command line appears in the ` +
      'shell history and in process lists',
  )
}

function misplaced(where: string): UsageError {
  return new UsageError(
    `${where}: the value looks like a secret, which must not be written on the command line. If it is one, remove it from the ` +
      'shell history',
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
