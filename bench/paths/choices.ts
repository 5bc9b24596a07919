import type { Algorithm, Provision } from '../choices/choice.js'
import { choices as contested } from '../choices/choices.js'
import { contest } from '../choices/contest.js'
import { keyWeights } from '../choices/key-weights.js'
import type { Effort, Report, Table } from '../support/report.js'
import { startIssuer, times } from '../support/tokens.js'

/** What was decided by measuring: the library's way first, then those that were tried beside it. */
export async function choices(effort: Effort): Promise<Report> {
  const { quick, rounds } = effort
  const providers = await Promise.all([
    provide('RS256', quick ? 100 : 1000),
    provide('ES256', quick ? 100 : 1000),
  ])
  const [{ provision: RS256 }, { provision: ES256 }] = providers
  const tables: Table[] = []
  try {
    for (const choice of contested) {
      const table = await contest(choice, { RS256, ES256 }, { rounds, milliseconds: quick ? 15 : 200 })
      tables.push(table)
      if (choice.id === 'key') tables.push(await keyWeights(RS256.tokens[0] ?? '', effort))
    }
  } finally {
    for (const { close } of providers) close()
  }
  return {
    path: 'choices',
    title: 'What was tried and did not pay',
    tables,
    goals: [],
    notes: [
      `The first way of each table, or of each situation in it, is the library's own, and "of ours" the median of the ratios to it, round by round. A way is measured by itself, without the rest of a request, so that a factor is larger here than in a request. RS256 tokens are of ${RS256.tokens[0]?.length ?? 0} characters. Each call gets a new text or a new request; where a row names what all begin with, the other rows contain it. Of signatures in either thread and of questions, one after another means one call in a turn of the event loop, and 64 at once are called in one. The issuer that is asked is another process on the same machine: what it takes is in the wall time and not in the CPU.`,
    ],
  }
}

interface Provider {
  readonly provision: Provision
  readonly close: () => void
}

async function provide(algorithm: Algorithm, count: number): Promise<Provider> {
  const { issuance, mint, close } = await startIssuer(algorithm)
  return { provision: { issuance, tokens: times(count, () => mint()) }, close }
}
