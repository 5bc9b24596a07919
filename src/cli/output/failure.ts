import { TokenSourceError } from '../../client/index.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { ManagementError } from '../../management/index.js'
import { withoutSecrets } from '../../util/redact.js'
import { Refusal } from '../../model/refusal/refusal.js'
import type { Command } from '../command.js'
import { COMMANDS } from '../commands/index.js'
import { CliError, EXIT, type ExitCode } from '../exit-code.js'
import { toFlag } from '../input/option.js'
import { visible } from './table.js'
import { VARIABLE_NAMES, VARIABLES, variableOf } from '../input/environment.js'

/**
 * Minimum length of a secret that is redacted. A shorter one occurs in many words, so redaction would destroy the
 * message.
 */
const SHORTEST_SECRET = 4

export interface Failure {
  readonly code: ExitCode
  /** One line for stderr. */
  readonly line: string
}

/** Returns the message and exit code of an error. The message says what to do and contains none of these secrets. */
export function failureOf(error: unknown, command: Command | undefined, secrets: readonly string[]): Failure {
  const { code, line } = read(error, command)
  const hidden = secrets.filter((secret) => secret.length >= SHORTEST_SECRET)
  return { code, line: visible(withoutSecrets(line, hidden)) }
}

function read(error: unknown, command: Command | undefined): Failure {
  if (error instanceof CliError) return { code: error.code, line: error.message }
  if (error instanceof ConfigurationError)
    return { code: EXIT.wrongUse, line: describeConfigurationError(error, command) }
  if (error instanceof ManagementError)
    return { code: EXIT.failed, line: withCommands(withVariables(error.message, command), command) }
  if (error instanceof TokenSourceError)
    return { code: EXIT.failed, line: `${command?.name ?? ''}: ${error.message}` }
  if (error instanceof Refusal) return describeRefusal(error, command)
  const name = error instanceof Error ? error.name : typeof error
  const message = error instanceof Error ? error.message.split('\n')[0] : ''
  return { code: EXIT.failed, line: `${command?.name ?? 'm2m-guard'}: unexpected ${name}: ${message ?? ''}` }
}

/** Names the option of the command line or the environment variable instead of the library's option. */
function describeConfigurationError(error: ConfigurationError, command: Command | undefined): string {
  const problem = error.message.slice(error.option.length + 2)
  const named = error.option.split('.').map((part) => part.replace(/\[\d+\]$/, ''))
  // The last part is the most specific: `maxTokenAge` of `policy.maxTokenAge`.
  for (const part of named.toReversed().flatMap((name) => [name, singular(name)])) {
    if (command !== undefined && Object.hasOwn(command.options, part)) return `${toFlag(part)}: ${problem}`
    if (toFlag(part) === `--${command?.operand?.name ?? ''}`)
      return `<${command?.operand?.name ?? ''}>: ${problem}`
  }
  const variable = named.map((part) => variableOf(command?.vendor, part)).find((name) => name !== undefined)
  if (variable !== undefined) return `${variable}: ${problem}`
  return `${command?.name ?? error.option}: ${withFlags(problem, command)}`
}

/** Returns the name of a repeatable option: `--resource` for `resources`. */
function singular(name: string): string {
  return name.replace(/ies$/, 'y').replace(/s$/, '')
}

/** Replaces option names by flags in messages such as `accepts token or tokenHash`. */
function withFlags(text: string, command: Command | undefined): string {
  // A camel case name is always an option. `token` is one only if the message lists options.
  const isList = /^(?:requires one of|accepts) /.test(text)
  return Object.keys(command?.options ?? {})
    .filter((name) => isList || /[A-Z]/.test(name))
    .reduce((line, name) => line.replace(new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g'), toFlag(name)), text)
}

/**
 * Replaces names such as `serviceAccessToken` by their environment variables. Names that are English words are
 * unchanged.
 */
function withVariables(message: string, command: Command | undefined): string {
  return VARIABLE_NAMES.filter((name) => VARIABLES[name].vendor === command?.vendor)
    .filter((name) => /[A-Z]/.test(VARIABLES[name].member))
    .reduce((text, name) => text.replace(new RegExp(`\\b${VARIABLES[name].member}\\b`, 'g'), name), message)
}

/**
 * Replaces functions such as `secrets.rotateStart` by commands. The operation at the start of a message and names
 * that are English words are unchanged.
 */
function withCommands(message: string, command: Command | undefined): string {
  return COMMANDS.filter(({ vendor }) => vendor === command?.vendor)
    .flatMap(({ name, functions }) => functions.map((one) => [one, name] as const))
    .filter(([one]) => /[A-Z.]/.test(one))
    .reduce((text, [one, name]) => text.replace(wholeName(one), name), message)
}

/** Matches a whole name: neither the end of `stytchClients.secrets.rotate` nor the start of `secrets.rotateStart`. */
function wholeName(name: string): RegExp {
  return new RegExp(`(?<![\\w.])${name.replaceAll('.', '\\.')}(?!\\w|\\.\\w)`, 'g')
}

/** An invalid token has an exit code. An undecidable token is a failure. */
function describeRefusal(refusal: Refusal, command: Command | undefined): Failure {
  const { cause } = refusal as { readonly cause?: unknown }
  const why = cause instanceof Error ? cause.message : refusal.description
  const needs = refusal.required === undefined ? '' : ` Required: ${refusal.required.join(' ')}`
  const line = `${command?.name ?? ''}: ${refusal.reason}: ${why}${needs}`
  return { code: refusal.status === 503 ? EXIT.failed : EXIT.tokenNotGood, line }
}
