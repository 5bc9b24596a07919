/** Exit codes of the process. docs/guide/cli.md contains the same table. */
export const EXIT = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  notConfirmed: 3,
  tokenNotGood: 4,
  interrupted: 130,
} as const

/** Exit codes of `explain`. */
export const EXPLAIN_EXIT = { accepted: 0, refused: 1, undecidable: 2, usage: 64 } as const

type CodeOf<T extends Readonly<Record<string, number>>> = T[keyof T]

export type ExitCode = CodeOf<typeof EXIT> | CodeOf<typeof EXPLAIN_EXIT>

/** Exit codes of a command, if they differ from those of most commands. */
export interface OwnExitCodes {
  /** If the command cannot be run. */
  readonly usage: ExitCode
  /** If the command fails unexpectedly. */
  readonly failed: ExitCode
  /** Every code, for the help. */
  readonly meanings: readonly (readonly [code: ExitCode, meaning: string])[]
}

export const EXPLAIN_CODES: OwnExitCodes = {
  usage: EXPLAIN_EXIT.usage,
  failed: EXPLAIN_EXIT.undecidable,
  meanings: [
    [EXPLAIN_EXIT.accepted, 'accepted'],
    [EXPLAIN_EXIT.refused, 'refused'],
    [EXPLAIN_EXIT.undecidable, 'undecidable: the issuer was not called or failed, or the command failed'],
    [EXPLAIN_EXIT.usage, 'invalid usage, or the config cannot be loaded'],
    [EXIT.interrupted, 'interrupted by Ctrl-C'],
  ],
}

export const DOCTOR_CODES: OwnExitCodes = {
  usage: EXPLAIN_EXIT.usage,
  failed: EXIT.failed,
  meanings: [
    [EXIT.done, 'no check failed'],
    [EXIT.failed, 'a check failed, or the command failed'],
    [EXPLAIN_EXIT.usage, 'invalid usage, or the config cannot be loaded'],
    [EXIT.interrupted, 'interrupted by Ctrl-C'],
  ],
}

export const ISSUER_CODES: OwnExitCodes = {
  usage: EXIT.wrongUse,
  failed: EXIT.failed,
  meanings: [
    [EXIT.done, 'ended by Ctrl-C or SIGTERM'],
    [EXIT.failed, 'failed unexpectedly'],
    [EXIT.wrongUse, 'invalid usage, or the address and port cannot be used'],
  ],
}

export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  failed: 'the vendor refused or failed, or its result could not be written',
  wrongUse: 'invalid usage: nothing was sent',
  notConfirmed: 'not confirmed: nothing was changed',
  tokenNotGood: 'verify or introspect found that the token is not valid',
  interrupted: 'interrupted by Ctrl-C',
}

/**
 * Ends the command with a line on stderr. The message contains neither a secret nor an argument that could be
 * one.
 */
export class CliError extends Error {
  readonly code: ExitCode

  constructor(code: ExitCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The command line or the environment is invalid. Nothing was sent. */
export class UsageError extends CliError {
  constructor(message: string) {
    super(EXIT.wrongUse, message)
  }
}
