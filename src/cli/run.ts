import { readArguments, type Arguments } from './input/arguments.js'
import type { Command } from './command.js'
import { COMMANDS } from './commands/index.js'
import { confirm } from './input/confirm.js'
import { EXIT, UsageError, type ExitCode } from './exit-code.js'
import { failureOf } from './output/failure.js'
import { help, overview } from './output/help.js'
import { toFlag } from './input/option.js'
import { OutputError, show } from './output/output.js'
import { readSecrets } from './input/secrets.js'
import { chooseVendor, select, vendorIn, type Selection } from './input/select.js'
import type { Terminal } from './terminal.js'
import { describeNeeds, missingOf, valueOf, VARIABLE_NAMES, VARIABLES } from './input/environment.js'
import { readVersion } from './version.js'
import { waitFor } from '../util/abort.js'

/** State of one run, which the error report uses. */
interface Run {
  command?: Command
  /** Whether the command has started. From then on it may be unknown whether a change was made. */
  hasStarted: boolean
  secrets: readonly string[]
}

/** Runs a command line. Resolves with the exit code and never rejects. */
export async function runCli(terminal: Terminal): Promise<ExitCode> {
  const run: Run = { hasStarted: false, secrets: secretsIn(terminal.env) }
  try {
    return await perform(terminal, run)
  } catch (error) {
    return await report(error, terminal, run)
  }
}

async function perform(terminal: Terminal, run: Run): Promise<ExitCode> {
  const selection = select(COMMANDS, terminal.args)
  if (hasFlag(selection.rest, '--help', '-h')) return explain(selection, terminal)
  if (selection.name === '' && hasFlag(selection.rest, '--version')) {
    await terminal.stdout(`${readVersion()}\n`)
    return EXIT.done
  }
  if (selection.candidates.length === 0) {
    await terminal.stderr(overview(COMMANDS, selection.name))
    return EXIT.wrongUse
  }
  const command = chooseVendor(selection, terminal.env)
  run.command = command
  const args = readArguments(command, selection.rest, terminal.env)
  const missing = missingOf({ ...terminal.env, ...variablesIn(command, args) }, command.needs)
  if (missing.length > 0) {
    const verb = missing.length === 1 ? 'is' : 'are'
    throw new UsageError(
      `${command.name}: ${missing.join(', ')} ${verb} not set. Set ${describeNeeds(command.needs)} in the environment`,
    )
  }
  const { call, isStdinUsed } = await readCall(command, args, terminal, run)
  const prepared = await waitFor(Promise.resolve(command.prepare(call as never)), terminal.signal)
  if (prepared.question !== undefined && !args.yes) await confirm(prepared.question, terminal, isStdinUsed)
  run.hasStarted = true
  // A command that does not react to Ctrl-C ends nevertheless, such as one that imports a module.
  const result = await waitFor(prepared.run(), terminal.signal)
  const notes = 'notes' in result ? (result.notes ?? []) : []
  for (const note of notes) await writeError(terminal, note)
  return show(result, terminal, args)
}

/** The variables that options of the command line stand for. */
function variablesIn({ options }: Command, { values }: Arguments): Readonly<Record<string, string>> {
  const set = Object.entries(options).filter(([name]) => values[name] !== undefined)
  return Object.fromEntries(
    set.flatMap(([name, { variable }]) => (variable === undefined ? [] : [[variable, String(values[name])]])),
  )
}

/** Returns the input of a command, with secrets instead of their sources. */
async function readCall(command: Command, args: Arguments, terminal: Terminal, run: Run) {
  const { values, operand, deadline } = args
  const names = Object.keys(values).filter((name) => command.options[name]?.isSecret === true)
  const inOptions = names.map((name) => [toFlag(name), String(values[name])] as const)
  const shown = `<${command.operand?.name ?? ''}>`
  const places = command.operand?.isSecret === true ? [...inOptions, [shown, operand] as const] : inOptions
  const secrets = await readSecrets(places, terminal)
  run.secrets = [...run.secrets, ...secrets.values()]
  const { env, signal, load, loadPackage, hasColors } = terminal
  return {
    isStdinUsed: places.some(([, place]) => place === '-'),
    call: {
      values: { ...values, ...Object.fromEntries(names.map((name) => [name, secrets.get(toFlag(name))])) },
      operand: secrets.get(shown) ?? operand,
      env,
      signal,
      load,
      loadPackage,
      hasColors,
      limits: deadline === undefined ? {} : { deadline },
    },
  }
}

async function explain(selection: Selection, { stdout }: Terminal): Promise<ExitCode> {
  const { candidates, rest, name } = selection
  const vendor = vendorIn(rest)
  const some = candidates.filter((command) => vendor === undefined || command.vendor === vendor)
  const texts = (some.length === 0 ? candidates : some).map(help)
  await stdout(texts.length === 0 ? overview(COMMANDS, name) : texts.join('\n'))
  return EXIT.done
}

function hasFlag(args: readonly string[], ...flags: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? undefined : end).some((arg) => flags.includes(arg))
}

function secretsIn(env: Terminal['env']): readonly string[] {
  return VARIABLE_NAMES.filter((name) => VARIABLES[name].isSecret)
    .map((name) => valueOf(env, name))
    .filter((value) => value !== undefined)
}

async function report(error: unknown, terminal: Terminal, run: Run): Promise<ExitCode> {
  const mayHaveChanged = run.hasStarted && run.command?.changes === true
  if (terminal.signal.aborted) {
    const unknown = 'It is unknown whether the change was made: check before repeating it'
    await writeError(terminal, mayHaveChanged ? `Interrupted. ${unknown}` : 'Interrupted')
    return EXIT.interrupted
  }
  if (error instanceof OutputError) {
    // The reader of a list may close stdout early. The lost result of a change is reported.
    if (mayHaveChanged)
      await writeError(
        terminal,
        `${run.command?.name ?? ''}: done, but stdout could not be written, so the result is lost`,
      )
    return failureCode(EXIT.failed, run.command)
  }
  const { code, line } = failureOf(error, run.command, run.secrets)
  await writeError(terminal, line)
  return failureCode(code, run.command)
}

function failureCode(code: ExitCode, command: Command | undefined): ExitCode {
  if (code === EXIT.wrongUse) return command?.exitCodes?.usage ?? code
  return code === EXIT.failed ? (command?.exitCodes?.failed ?? code) : code
}

async function writeError({ stderr }: Terminal, line: string): Promise<void> {
  // If stderr cannot be written either, only the exit code reports the failure.
  await stderr(`${line}\n`).catch(() => undefined)
}
