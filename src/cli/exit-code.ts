/** Exit codes of the process. docs/guide/cli.md contains the same table. */
export const EXIT = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  notConfirmed: 3,
  tokenNotGood: 4,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

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
