import type { TestIssuer } from 'm2m-guard/testing'
import type { StartOptions } from './arguments.js'
import { curlLines } from './curl.js'
import { startDemo, type Demo } from './demo.js'
import { play } from './play.js'
import { scenario, type Row } from './scenario.js'
import { renderTable, summary } from './table.js'

/**
 * Runs the demonstration: starts the servers, sends the requests, prints the table, and without `--once` keeps running until
 * Ctrl-C.
 *
 * @returns the exit code.
 */
export async function mainJob(
  options: StartOptions,
  rowsFor: (issuer: TestIssuer) => readonly Row[] = scenario,
): Promise<number> {
  const stopped = untilStopped()
  const demo = await startDemo(options)
  try {
    return await run(demo, options, rowsFor(demo.issuer), stopped)
  } finally {
    await demo.close()
  }
}

async function run(
  demo: Demo,
  options: StartOptions,
  rows: readonly Row[],
  stopped: Promise<'stopped'>,
): Promise<number> {
  console.log(`issuer  ${demo.issuer.url}  (a test issuer)`)
  console.log(`API     ${demo.url}  (${options.framework})`)
  console.log(
    'The clock of both is stopped during the table, so that a slow machine does not change the results.\n',
  )

  const outcomes = await Promise.race([play(demo, rows), stopped])
  if (outcomes === 'stopped') return 0
  console.log(renderTable(outcomes))
  console.log(`\n${summary(outcomes)}`)
  if (options.once) return outcomes.every(({ isExpected }) => isExpected) ? 0 : 1

  demo.issuer.heal()
  demo.startClock()
  console.log(
    '\nThe issuer works again and the clock runs. Try these commands. The tokens are valid for an hour:',
  )
  for (const line of curlLines(demo)) console.log(line)
  console.log('\nPress Ctrl-C to stop.')
  await stopped
  return 0
}

/** Resolves on SIGINT (Ctrl-C) or SIGTERM. A second signal ends the process. */
function untilStopped(): Promise<'stopped'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve('stopped')
      })
    }
  })
}
