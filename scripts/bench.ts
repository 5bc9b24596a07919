// npm run bench [-- --quick] [-- --only known]: compares m2m-guard with other packages. See docs/benchmarks.md.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build, buildPackage } from '../bench/build.js'
import { gate } from '../bench/gate/gate.js'
import { startChild } from '../test/support/processes/child.js'
import { built, thisMachine } from '../bench/support/machine.js'
import type { Sample } from '../bench/support/measure.js'
import { PATHS, publish, writeGenerated } from '../bench/support/publish.js'
import { goalLines, markdown, type Effort, type Report, type Result } from '../bench/support/report.js'
import { startIssuer, times } from '../bench/support/tokens.js'
import type { Stretch } from '../bench/verifiers/worker.js'
import type { SigningAlgorithm } from '../src/testing/state/signing-keys.js'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    // A quick run only prints. With this option it also stores its results, marked as quick.
    write: { type: 'boolean', default: false },
    // Stores results in a subfolder of bench/results, for another version of Node.
    results: { type: 'string', default: '' },
    // Only writes the results page and the charts from the stored results.
    publish: { type: 'boolean', default: false },
    profile: { type: 'string' },
    // Compares the working tree with a commit or a version, and exits with code 1 if it costs more.
    gate: { type: 'boolean', default: false },
    against: { type: 'string' },
    contender: { type: 'string', default: 'm2m-guard authorize' },
    algorithm: { type: 'string', default: 'RS256' },
  },
})

// For every process that is measured.
process.env['NODE_ENV'] = 'production'
if (values.gate || values.against !== undefined) process.exitCode = (await gate(values.against, values.quick)) ? 0 : 1
else if (values.publish) await writeGenerated()
else if (values.profile === undefined) await measure()
else await profile(values.profile)

async function measure(): Promise<void> {
  const { quick, only, write, results } = values
  const paths = PATHS.filter((path) => only === undefined || path === only)
  if (paths.length === 0) throw new TypeError(`--only must be one of ${PATHS.join(', ')}`)
  if (!/^[\w-]*$/.test(results)) throw new TypeError('--results must be the name of a folder')
  const started = performance.now()
  await Promise.all([build(), ...(paths.includes('growth') ? [buildPackage()] : [])])
  const effort: Effort = { quick, rounds: quick ? 3 : 7 }
  const goals = []
  for (const path of paths) {
    const begun = performance.now()
    const result = await measurePath(path, effort)
    console.error(`${path}: ${Math.round((performance.now() - begun) / 1000)} s`)
    console.log(`\n## ${result.title}\n\n${markdown(result)}`)
    if (!quick || write) await publish(result, results)
    goals.push(...result.goals)
  }
  const met = goals.filter((goal) => goal.met).length
  const undecided = goals.filter((goal) => goal.undecided).length
  const count = `${met} of ${goals.length} met, ${undecided} undecided`
  console.log(`\n## Goals: ${count}\n\n${goalLines(goals)}`)
  console.error(`\n${Math.round((performance.now() - started) / 1000)} s`)
}

/** Measures a path in its own process, so that no path inherits the heap of another. */
async function measurePath(path: string, effort: Effort): Promise<Result> {
  const child = await startChild(pathToFileURL(join(built, 'bench', 'main.js')), [path])
  const measured = await child.ask<Report & Pick<Result, 'versions'>>(effort)
  await child.end()
  const date = new Date().toISOString().slice(0, 10)
  return { ...measured, date, quick: effort.quick, machine: thisMachine() }
}

/** Records profiles of CPU time and allocations of one verifier, which the developer tools of Chrome show. */
async function profile(cast: string): Promise<void> {
  await build()
  const { contender, algorithm, quick } = values
  const folder = join(built, 'profiles')
  const flags = ['--cpu-prof', '--heap-prof', `--diagnostic-dir=${folder}`]
  const [count, perTurn] = cast === 'known' ? [1000, 64] : [1200, 1]
  const { issuance, mint, close } = await startIssuer(algorithm as SigningAlgorithm)
  const worker = pathToFileURL(join(built, 'bench', 'verifiers', 'worker.js'))
  const child = await startChild(worker, [cast, contender], { flags })
  await child.ask({ issuance, tokens: times(count, mint) })
  const plan: Stretch = { mode: 'sequential', milliseconds: quick ? 300 : 3000, perTurn, tokens: count }
  const { perSecond, cpuMicros } = await child.ask<Sample>(plan)
  await child.end()
  close()
  console.log(`${perSecond.toFixed(0)} calls per second, ${cpuMicros.toFixed(2)} µs of CPU per call while profiled`)
  for (const file of readdirSync(folder)) console.log(join(folder, file))
}
