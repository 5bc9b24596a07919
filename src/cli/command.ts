import type { Vendor } from '../management/index.js'
import type { ExitCode, OwnExitCodes } from './exit-code.js'
import type { Options, Values } from './input/option.js'
import type { Environment, Terminal } from './terminal.js'
import type { Needs } from './input/environment.js'

/** The positional argument of a command: an id, or the source of a token. A token itself is never an argument. */
export interface Operand {
  readonly name: string
  readonly help: string
  readonly isSecret: boolean
  /** Format of an id, if it is known. A value in any other format could be a secret. */
  readonly pattern?: RegExp
}

/** Input of a command. */
export interface CommandInput<V> {
  readonly values: V
  /** Empty if the command has no positional argument. */
  readonly operand: string
  readonly env: Environment
  readonly signal: AbortSignal
  /** Options for the management client: empty, or with a deadline. */
  readonly limits: { readonly deadline?: number | string }
  /** Imports a module of the application. */
  readonly load: Terminal['load']
  /** Imports a package of the application. */
  readonly loadPackage: Terminal['loadPackage']
  /** Whether stdout shows colors. */
  readonly hasColors: boolean
}

/** Result of a command. */
export type CommandResult =
  | {
      readonly item: object
      /** Names of non-enumerable properties that are printed nevertheless, because they are returned only once. */
      readonly secrets?: readonly string[]
      /** Values that replace others in the output for people. */
      readonly instead?: Readonly<Record<string, unknown>>
      readonly code?: ExitCode
    }
  | {
      /** Lines for people. */
      readonly report: string
      /** The same as one object, for `--json`. */
      readonly json: object
      readonly code: ExitCode
      /** Settles when a command that runs until it is interrupted has ended. */
      readonly until?: Promise<void>
    }
  | {
      readonly items: AsyncIterable<object>
      /** Maximum number of items to print. */
      readonly limit: number | undefined
      /** Properties that the table for people shows. */
      readonly columns: readonly string[]
      /** Lines for stderr, about what the list lacks. */
      readonly notes?: readonly string[]
    }

/** A command with its input read. A destructive command is confirmed before `run`. */
export interface PreparedCommand {
  /** Returns the confirmation prompt, which names exactly what is affected. */
  readonly question?: () => string | Promise<string>
  readonly run: () => Promise<CommandResult>
}

/** A row of the command table. */
export interface Command {
  /** Words on the command line: `tokens create`. A single word (`doctor`) is possible as well. */
  readonly name: string
  /** Vendor that distinguishes commands with the same name; `undefined` for a command without vendors. */
  readonly vendor: Vendor | undefined
  /** Functions of the vendor's management client that the command calls, as the library's advice names them. */
  readonly functions: readonly string[]
  readonly summary: string
  readonly operand: Operand | undefined
  readonly options: Options
  /** Arguments of the example in the help. */
  readonly example: string
  readonly needs: Needs
  /** Optional environment variables. */
  readonly uses: readonly string[]
  /** Whether the command changes something, so that a lost result must be reported. */
  readonly changes: boolean
  /** Whether the command needs confirmation, unless `--yes` is set. */
  readonly isDestructive: boolean
  /** Exit codes of the command; `undefined` for those of most commands. */
  readonly exitCodes: OwnExitCodes | undefined
  readonly prepare: (call: CommandInput<never>) => PreparedCommand | Promise<PreparedCommand>
}

interface Spec<O extends Options> {
  readonly name: string
  readonly vendor?: Vendor
  readonly functions?: readonly string[]
  readonly summary: string
  readonly operand?: Operand
  readonly options: O
  readonly example: string
  readonly needs: Needs
  readonly uses?: readonly string[]
  readonly effect: 'reads' | 'changes' | 'destroys'
  readonly exitCodes?: OwnExitCodes
  readonly prepare: (call: CommandInput<Values<O>>) => PreparedCommand | Promise<PreparedCommand>
}

/** Creates a row of the command table. The options determine the types of `values`. */
export function command<O extends Options>(spec: Spec<O>): Command {
  return {
    name: spec.name,
    vendor: spec.vendor,
    functions: spec.functions ?? [],
    summary: spec.summary,
    operand: spec.operand,
    options: spec.options,
    example: spec.example,
    needs: spec.needs,
    uses: spec.uses ?? [],
    changes: spec.effect !== 'reads',
    isDestructive: spec.effect === 'destroys',
    exitCodes: spec.exitCodes,
    prepare: spec.prepare,
  }
}

/** Omits properties that are `undefined`, so that the library applies its defaults. */
export function omitUndefined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const own = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(own) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
