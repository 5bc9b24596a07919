import type { TestIssuer } from 'm2m-guard/testing'
import type { StartOptions } from './arguments.js'
import { curlLines } from './curl.js'
import { startDemo, type Demo } from './demo.js'
import { play } from './play.js'
import { scenario, type Row } from './scenario.js'
import { renderTable, summary } from './table.js'

/**
 * The whole job: start, send the requests, print the table, and unless it is to be done once only stay up
 * until Ctrl-C.
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
    return await tell(demo, options, rowsFor(demo.issuer), stopped)
  } finally {
    await demo.close()
  }
}

async function tell(
  demo: Demo,
  options: StartOptions,
  rows: readonly Row[],
  stopped: Promise<'stopped'>,
): Promise<number> {
  console.log(`issuer  ${demo.issuer.url}  (a test issuer)`)
  console.log(`API     ${demo.url}  (${options.framework})`)
  console.log('The clock of both stands still during the table, so that a slow machine changes no row.\n')

  const outcomes = await Promise.race([play(demo, rows), stopped])
  if (outcomes === 'stopped') return 0
  console.log(renderTable(outcomes))
  console.log(`\n${summary(outcomes)}`)
  if (options.once) return outcomes.every(({ isExpected }) => isExpected) ? 0 : 1

  demo.issuer.heal()
  demo.startClock()
  console.log(
    '\nThe issuer is well again and its clock runs. Try it yourself; the tokens are good for an hour:',
  )
  for (const line of curlLines(demo)) console.log(line)
  console.log('\nCtrl-C ends it.')
  await stopped
  return 0
}

/** Resolves on Ctrl-C or a polite request to end; a second one is not held up. */
function untilStopped(): Promise<'stopped'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve('stopped')
      })
    }
  })
}
