import { TokenSourceError } from '../../client/index.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { ManagementError } from '../../management/index.js'
import { withoutSecrets } from '../../util/redact.js'
import { Refusal } from '../../model/refusal/refusal.js'
import type { Command } from '../command.js'
import { CliError, EXIT, type ExitCode } from '../exit-code.js'
import { toFlag } from '../input/option.js'
import { inCommandTerms, withAdvice, withCommands, withVariables } from './terms.js'
import { visible } from './table.js'
import { variableOf } from '../input/environment.js'

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
    return {
      code: EXIT.failed,
      line: withCommands(withVariables(withAdvice(error.message), command), command),
    }
  if (error instanceof TokenSourceError)
    return {
      code: EXIT.failed,
      line: `${command?.name ?? ''}: ${withVariables(withAdvice(error.message), command)}`,
    }
  if (error instanceof Refusal) return describeRefusal(error, command)
  const name = error instanceof Error ? error.name : typeof error
  const message = error instanceof Error ? error.message.split('\n')[0] : ''
  return { code: EXIT.failed, line: `${command?.name ?? 'm2m-guard'}: unexpected ${name}: ${message ?? ''}` }
}

/** Names the option of the command line or the environment variable instead of the library's option. */
function describeConfigurationError(error: ConfigurationError, command: Command | undefined): string {
  const problem = inCommandTerms(error.message.slice(error.option.length + 2), command)
  const named = error.option.split('.').map((part) => part.replace(/\[\d+\]$/, ''))
  // The last part is the most specific: `maxTokenAge` of `policy.maxTokenAge`.
  for (const part of named.toReversed().flatMap((name) => [name, singular(name)])) {
    if (command !== undefined && Object.hasOwn(command.options, part)) return `${toFlag(part)}: ${problem}`
    if (toFlag(part) === `--${command?.operand?.name ?? ''}`)
      return `<${command?.operand?.name ?? ''}>: ${problem}`
  }
  const variable = variableOf(command?.vendor, error.option.replaceAll(/\[\d+\]/g, ''))
  return `${variable ?? command?.name ?? error.option}: ${problem}`
}

/** Returns the name of a repeatable option: `--resource` for `resources`. */
function singular(name: string): string {
  return name.replace(/ies$/, 'y').replace(/s$/, '')
}

/** An invalid token has an exit code. An undecidable token is a failure. */
function describeRefusal(refusal: Refusal, command: Command | undefined): Failure {
  const { cause } = refusal as { readonly cause?: unknown }
  const why = cause instanceof Error ? cause.message : refusal.description
  const needs = refusal.required === undefined ? '' : ` Required: ${refusal.required.join(' ')}`
  const line = `${command?.name ?? ''}: ${refusal.reason}: ${why}${needs}`
  return { code: refusal.status === 503 ? EXIT.failed : EXIT.tokenNotGood, line }
}
