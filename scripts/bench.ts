// npm run bench [-- --quick] [-- --only known]: measures m2m-guard beside other packages; see docs/performance.md.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build, buildPackage } from '../bench/build.js'
import { startChild } from '../bench/support/child.js'
import { thisMachine } from '../bench/support/machine.js'
import { built } from '../bench/support/places.js'
import { PATHS, publish } from '../bench/support/publish.js'
import { goalLines, markdown, type Effort, type Report, type Result } from '../bench/support/report.js'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    // A quick run prints; with this it is also written down, marked as quick.
    write: { type: 'boolean', default: false },
    // A folder within bench/results, for another version of Node: the paper then takes the goals alone.
    results: { type: 'string', default: '' },
    profile: { type: 'string' },
    contender: { type: 'string' },
    algorithm: { type: 'string' },
  },
})

if (values.profile === undefined) await measure()
else await profile(values.profile)

async function measure(): Promise<void> {
  const { quick, only, write, results } = values
  const paths = PATHS.filter((path) => only === undefined || path === only)
  if (paths.length === 0) throw new TypeError(`--only takes one of ${PATHS.join(', ')}`)
  if (!/^[\w-]*$/.test(results)) throw new TypeError('--results takes the name of a folder')
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
  const count = `${met} of ${goals.length} met; of ${undecided} goals the rounds do not agree`
  console.log(`\n## Goals: ${count}\n\n${goalLines(goals)}`)
  console.error(`\n${Math.round((performance.now() - started) / 1000)} s`)
}

/** In a process of its own, so that no path inherits what another has left in memory. */
async function measurePath(path: string, effort: Effort): Promise<Result> {
  const child = await startChild(pathToFileURL(join(built, 'bench', 'main.js')), [path])
  const measured = await child.ask<Report & Pick<Result, 'versions'>>(effort)
  await child.end()
  return {
    ...measured,
    date: new Date().toISOString().slice(0, 10),
    quick: effort.quick,
    machine: thisMachine(),
  }
}

async function profile(path: string): Promise<void> {
  await build()
  const { contender, algorithm } = values
  const options = Object.entries({ contender, algorithm }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  )
  const script = join(built, 'bench', 'profile', 'profile.js')
  const { status } = spawnSync(process.execPath, [script, path, ...options], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
