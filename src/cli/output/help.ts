import { optionsOf } from '../input/arguments.js'
import type { Command } from '../command.js'
import { EXIT, EXIT_MEANINGS } from '../exit-code.js'
import { toFlag } from '../input/option.js'
import { aligned } from './table.js'
import { describeNeeds, VARIABLES, type VariableName } from '../input/environment.js'

/** Returns the list of commands whose names begin with `group`, or of all commands. */
export function overview(commands: readonly Command[], group: string): string {
  const some = commands.filter(({ name }) => group === '' || name.startsWith(`${group} `))
  const groups = [...new Set(some.map(({ name }) => name.split(' ')[0]))]
  const inOrder = groups.flatMap((word) => some.filter(({ name }) => name.split(' ')[0] === word))
  const names = [...new Set(inOrder.map(({ name }) => name))]
  const rows = names.map((name) => {
    const vendors = some.filter((one) => one.name === name).map(({ vendor }) => vendor ?? '')
    return [`  ${name}`, vendors.join(', ')]
  })
  const codes = Object.entries(EXIT).map(([name, code]) => [
    `  ${code}`,
    EXIT_MEANINGS[name as keyof typeof EXIT],
  ])
  return [
    'Creates, lists, verifies, revokes and rotates machine credentials at Clerk, Stytch, Authlete and any OAuth 2',
    'issuer, and explains why a guard refuses a token. Credentials come from environment variables, never from the',
    'command line.\n',
    `  m2m-guard ${group === '' ? '' : `${group} `}<command> [--vendor VENDOR] [options]`,
    '  m2m-guard <command> --help',
    '  m2m-guard --version\n',
    `Commands, and the vendors that have them:\n\n${aligned(rows)}`,
    `Exit codes, unless the help of a command lists its own:\n\n${aligned(codes)}`,
  ].join('\n')
}

/** Returns the help of a command. */
export function help(command: Command): string {
  const { name, vendor, operand, needs, uses, summary, example, exitCodes } = command
  const at = vendor === undefined ? '' : ` --vendor ${vendor}`
  const usage = `  m2m-guard ${name}${operand === undefined ? '' : ` <${operand.name}>`}${at} [options]`
  const where =
    'source of the token: - for stdin, env:NAME for an environment variable; never the token itself'
  const rows = Object.entries(optionsOf(command)).map(
    ([option, { short, metavar, help: text, isRequired }]) => [
      `  ${short === undefined ? '' : `-${short}, `}${toFlag(option)}${metavar === undefined ? '' : ` ${metavar.length > 30 ? 'ONE' : metavar}`}`,
      `${text}${(metavar?.length ?? 0) > 30 ? `: ${metavar ?? ''}` : ''}${isRequired ? ' (required)' : ''}`,
    ],
  )
  const variables = [...new Set([...needs.flat(), ...uses])] as VariableName[]
  const or = needs.length > 1 ? ` (${describeNeeds(needs)})` : ''
  return [
    `${summary}\n\n${usage}\n`,
    ...(operand === undefined
      ? []
      : [aligned([[`  <${operand.name}>`, operand.isSecret ? where : operand.help]])]),
    aligned(rows),
    ...(variables.length === 0
      ? []
      : [`Environment${or}:\n\n${aligned(variables.map((one) => [`  ${one}`, VARIABLES[one].meaning]))}`]),
    ...(exitCodes === undefined
      ? []
      : [`Exit codes:\n\n${aligned(exitCodes.meanings.map(([code, meaning]) => [`  ${code}`, meaning]))}`]),
    `Example:\n\n  m2m-guard ${example}\n`,
  ].join('\n')
}
