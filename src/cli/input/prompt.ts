import { createInterface } from 'node:readline'

/** Shows a question and gives the line that is answered; empty once the input ends or the signal is aborted. */
export function promptOn(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve) => {
    // No terminal mode: Ctrl-C is to reach the process, and nothing needs to be edited.
    const lines = createInterface({ input, output, terminal: false })
    const answer = (text: string): void => {
      isAnswered = true
      signal.removeEventListener('abort', giveUp)
      resolve(text)
      lines.close()
    }
    let isAnswered = false
    const giveUp = (): void => {
      // What is said next is not to stand behind the question.
      if (!isAnswered) output.write('\n')
      answer('')
    }
    lines.once('close', giveUp)
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    else lines.question(question, answer)
  })
}
