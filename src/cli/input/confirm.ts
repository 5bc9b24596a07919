import { CliError, EXIT } from '../exit-code.js'
import type { PreparedCommand } from '../command.js'
import { visible } from '../output/table.js'
import type { Terminal } from '../terminal.js'

/**
 * Prompts for confirmation of a destructive command.
 *
 * @throws CliError 3 unless the input is `y` or `yes`.
 */
export async function confirm(
  question: NonNullable<PreparedCommand['question']>,
  terminal: Pick<Terminal, 'ask' | 'isInteractive' | 'signal'>,
  isStdinUsed: boolean,
): Promise<void> {
  if (isStdinUsed || !terminal.isInteractive) {
    const why = isStdinUsed ? 'because stdin contained the token' : 'without a terminal'
    throw refused(`Cannot ask for confirmation ${why}. Use --yes to skip it`)
  }
  const answer = await terminal.ask(`${visible(await question())} [y/N] `, terminal.signal)
  terminal.signal.throwIfAborted()
  if (!/^\s*y(?:es)?\s*$/i.test(answer)) throw refused('Not confirmed')
}

function refused(why: string): CliError {
  return new CliError(EXIT.notConfirmed, `${why}. Nothing was changed`)
}
