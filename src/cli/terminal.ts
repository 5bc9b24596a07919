export type Environment = Readonly<Record<string, string | undefined>>

/** Everything a command has to do with outside itself; a test brings its own. */
export interface Terminal {
  /** What stands behind `m2m-guard` on the command line. */
  readonly args: readonly string[]
  readonly env: Environment
  readonly stdin: AsyncIterable<string | Uint8Array>
  /** Resolves once it is written; rejects where nobody reads it. */
  readonly stdout: (text: string) => Promise<void>
  readonly stderr: (text: string) => Promise<void>
  /** Whether somebody can be asked: stdin and stderr are both a terminal. */
  readonly isInteractive: boolean
  /** Shows a question and gives the answer; empty if the input ended. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string>
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}
