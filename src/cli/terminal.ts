export type Environment = Readonly<Record<string, string | undefined>>

/** Inputs and outputs of a command. Tests provide their own. */
export interface Terminal {
  /** Arguments after `m2m-guard`. */
  readonly args: readonly string[]
  readonly env: Environment
  readonly stdin: AsyncIterable<string | Uint8Array>
  /** Resolves when the string is written; rejects if the stream is closed. */
  readonly stdout: (text: string) => Promise<void>
  readonly stderr: (text: string) => Promise<void>
  /** Whether a prompt is possible: stdin and stderr are both terminals. */
  readonly isInteractive: boolean
  /** Whether stdout is a terminal that shows colors, and `NO_COLOR` is not set. */
  readonly hasColors: boolean
  /** Imports a module of the application by its path. */
  readonly load: (path: string) => Promise<unknown>
  /** Imports a package that the application in the current folder has installed; `undefined` if it has not. */
  readonly loadPackage: (name: string) => Promise<unknown>
  /** Prints a prompt and resolves with the input line; empty if the input ended. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string>
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}
