import { readFileSync } from 'node:fs'
import { meet, type Row } from '../bench/faults/cell.js'
import { keyFaults } from '../bench/faults/faults.js'
import { ownGuard, remoteCells } from '../bench/faults/own.js'
import type { Peer } from '../bench/faults/peers.mjs'

/** Runs every fault against every package over loopback HTTP and prints what came of it, as Markdown. */
async function main(): Promise<void> {
  const started = performance.now()
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  const packages = [ownGuard(version), ...(await otherPackages())]
  const cells = [
    ...keyFaults.flatMap((fault) => packages.map((peer) => () => meet(peer, fault))),
    ...remoteCells,
  ]
  const rows = await inParallel(cells, 24)
  const versions = packages.map((peer) => `${peer.name} ${peer.version}`).join(', ')
  const date = new Date().toISOString().slice(0, 10)
  console.log(`Node ${process.versions.node}, ${date}. ${versions}.\n`)
  console.log(table(rows))
  console.error(`${rows.length} rows in ${Math.round((performance.now() - started) / 1000)} s`)
}

/** They are installed apart, so that the library's own tree stays lean. */
async function otherPackages(): Promise<readonly Peer[]> {
  try {
    return (await import('../bench/faults/peers.mjs')).peers
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    console.error('The other packages are not installed: npm ci --prefix bench. Running m2m-guard alone.')
    return []
  }
}

async function inParallel(cells: readonly (() => Promise<Row>)[], width: number): Promise<readonly Row[]> {
  const rows: Row[] = []
  const queue = cells.entries()
  const work = async (): Promise<void> => {
    for (const [index, cell] of queue) rows[index] = await cell()
  }
  await Promise.all(Array.from({ length: width }, work))
  return rows
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    (row) =>
      `| ${row.fault} | ${row.phase} | ${row.package} | ${row.answer} | ${row.reason} | ${row.calls} | ${row.recovery} |`,
  )
  const head = '| Fault | Phase | Package | Answer | Reason | Issuer calls | Recovery |'
  return [head, '| --- | --- | --- | --- | --- | --- | --- |', ...lines].join('\n')
}

await main()
// Sockets of packages that hold on to a hanging issuer must not keep the run alive.
process.exit(0)
