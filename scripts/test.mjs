// The test command. Runs every check, two at a time, then every test, and prints a line with the counts.
import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The checks that run before the tests, the longest first. The tests of the package need the build. */
const CHECKS = [
  { name: 'build', command: 'npm run --silent build' },
  { name: 'types and lint', command: 'npm run --silent lint' },
  { name: 'unused code', command: 'knip' },
  { name: 'format', command: 'oxfmt --check .' },
  { name: 'dependency rule', command: 'depcruise src adapters --config .dependency-cruiser.cjs' },
]
const AT_A_TIME = 2

const total = { passed: 0, failed: 0 }

/** Runs a command. Its output is printed immediately (`inherit`) or returned (`pipe`). */
function run(command, stdio) {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', stdio, stdio] })
    const printed = []
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => printed.push(chunk))
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      resolve({ isPassed: code === 0, seconds, printed: Buffer.concat(printed) })
    })
  })
}

async function runCheck({ name, command }) {
  const { isPassed, seconds, printed } = await run(command, 'pipe')
  process.stdout.write(printed)
  console.log(`${isPassed ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`)
  total[isPassed ? 'passed' : 'failed'] += 1
}

async function runChecks(waiting) {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) await runCheck(check)
}

const waiting = [...CHECKS]
await Promise.all(Array.from({ length: AT_A_TIME }, () => runChecks(waiting)))

const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-test-'))
const report = join(folder, 'vitest.json')
const { isPassed } = await run(`vitest run --reporter=default --reporter=json --outputFile.json="${report}"`, 'inherit')
try {
  const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that cannot be loaded has no tests to count.
  const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  total.passed += numPassedTests
  // Tests that did not run have not passed, so skipped tests count as failed.
  total.failed += numTotalTests - numPassedTests + broken.length
  if (numTotalTests === 0) total.failed += 1
} catch (error) {
  console.error(`cannot read the report of vitest: ${error.message}`)
  total.failed += 1
}
rmSync(folder, { recursive: true, force: true })
// An unhandled rejection, for example, fails a run in which every test has passed.
if (!isPassed && total.failed === 0) total.failed += 1

console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
