import { createInterface } from 'node:readline'
import { onAbort } from '../../util/abort.js'

/** Prints a prompt and reads one line. Resolves with an empty string if the input ends or the signal is aborted. */
export function promptOn(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve) => {
    // No terminal mode, so that Ctrl-C reaches the process.
    const lines = createInterface({ input, output, terminal: false })
    const answer = (text: string): void => {
      isAnswered = true
      stop()
      resolve(text)
      lines.close()
    }
    let isAnswered = false
    const abort = (): void => {
      // The next message must not follow the prompt on the same line.
      if (!isAnswered) output.write('\n')
      answer('')
    }
    lines.once('close', abort)
    const stop = onAbort(signal, abort)
    if (signal.aborted) abort()
    else lines.question(question, answer)
  })
}
