import { CliError, EXIT } from '../exit-code.js'
import type { PreparedCommand } from '../command.js'
import { visible } from '../output/table.js'
import type { Terminal } from '../terminal.js'

/**
 * Asks whether what will be hit is meant.
 *
 * @throws CliError 3 unless somebody says yes.
 */
export async function confirm(
  question: NonNullable<PreparedCommand['question']>,
  terminal: Pick<Terminal, 'ask' | 'isInteractive' | 'signal'>,
  isStdinUsed: boolean,
): Promise<void> {
  if (isStdinUsed || !terminal.isInteractive) {
    const why = isStdinUsed ? 'stdin held the token' : 'there is no terminal'
    throw refused(`Nobody could be asked, as ${why}: give --yes to do it without asking`)
  }
  const answer = await terminal.ask(`${visible(await question())} [y/N] `, terminal.signal)
  terminal.signal.throwIfAborted()
  if (!/^\s*y(?:es)?\s*$/i.test(answer)) throw refused('Not confirmed')
}

function refused(why: string): CliError {
  return new CliError(EXIT.notConfirmed, `${why}. Nothing was changed`)
}
