import type { Vendor } from '../management/index.js'
import type { ExitCode } from './exit-code.js'
import type { Options, Values } from './input/option.js'
import type { Environment } from './terminal.js'
import type { Needs } from './input/environment.js'

/** What a command without a name in front of it is about: an id, or a token, which never stands there itself. */
export interface Operand {
  readonly name: string
  readonly help: string
  readonly isSecret: boolean
  /** What an id looks like, where that is known: whatever else stands there may be a secret. */
  readonly pattern?: RegExp
}

/** What a command is given to work with. */
export interface CommandInput<V> {
  readonly values: V
  /** Empty if the command has none. */
  readonly operand: string
  readonly env: Environment
  readonly signal: AbortSignal
  /** For the options of a client: empty, or with a deadline. */
  readonly limits: { readonly deadline?: number | string }
}

/** What came of a command. */
export type CommandResult =
  | {
      readonly item: object
      /** Members that are shown once: they are not enumerable, and stand on stdout all the same. */
      readonly secrets?: readonly string[]
      /** What people see in place of a value. */
      readonly instead?: Readonly<Record<string, unknown>>
      readonly code?: ExitCode
    }
  | {
      readonly items: AsyncIterable<object>
      /** At most so many. */
      readonly limit: number | undefined
      /** The members that people see. */
      readonly columns: readonly string[]
    }

/** A command that is ready: asked about first if it destroys something, then run. */
export interface PreparedCommand {
  /** Names exactly what will be hit. */
  readonly question?: () => string | Promise<string>
  readonly run: () => Promise<CommandResult>
}

/** A row of the table of commands. */
export interface Command {
  /** The words on the command line: `tokens create`. A word alone (`doctor`) is a command as well. */
  readonly name: string
  /** Commands of one name differ by their vendors; one without a vendor stands alone. */
  readonly vendor: Vendor | undefined
  /** The functions of the vendor's management client that it calls, as the library's advice names them. */
  readonly functions: readonly string[]
  readonly summary: string
  readonly operand: Operand | undefined
  readonly options: Options
  /** What stands behind `m2m-guard` in its example. */
  readonly example: string
  readonly needs: Needs
  /** Variables that are used where they are set. */
  readonly uses: readonly string[]
  /** Whether it changes something: a result that is lost is then worth a word. */
  readonly changes: boolean
  /** Whether it is asked about, unless `--yes` is given. */
  readonly isDestructive: boolean
  readonly prepare: (call: CommandInput<never>) => PreparedCommand
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
  readonly prepare: (call: CommandInput<Values<O>>) => PreparedCommand
}

/** A row of the table; its options give `values` their types. */
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
    prepare: spec.prepare,
  }
}

/** The members that were given: an option that is left out is left to the library. */
export function omitUndefined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const own = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(own) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
